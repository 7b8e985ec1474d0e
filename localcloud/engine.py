"""What builds and runs images on the laptop: one small interface, whoever is behind it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

LogSink = Callable[[str], None]
"""Takes one line of output, without its line end."""


class BuildError(Exception):
    """An image cannot be built; the message names the Dockerfile's line and what is allowed."""


class ImageMissing(Exception):
    """An image's content is not on this machine, although a registry may know its name."""


@dataclass(frozen=True)
class BuildRequest:
    """One ``docker build``: paths in the Dockerfile are relative to ``context``."""

    context: Path
    dockerfile: Path
    arguments: Mapping[str, str] = field(default_factory=dict)
    platform: str | None = None


@dataclass(frozen=True)
class Image:
    """A built image. ``manifest`` is the registry's JSON; ``digest`` is its SHA-256."""

    digest: str
    manifest: str


@dataclass(frozen=True)
class Launch:
    """One program to start from an image.

    ``tree`` is the host folder that the program knows as ``/opt/ml``; its parent folder is
    the launch's own, too, and the engine may put there what a run needs. ``entrypoint``
    replaces the image's own, as ContainerEntrypoint does. With ``serves`` the program gets
    a free port, named by SAGEMAKER_BIND_TO_PORT.
    """

    digest: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    tree: Path
    entrypoint: tuple[str, ...] | None = None
    serves: bool = False


class Program(Protocol):
    """A started program. Every line that it writes goes to the log sink of its start."""

    @property
    def pid(self) -> int: ...

    @property
    def port(self) -> int | None:
        """Where it serves on 127.0.0.1; None when it was not asked to."""

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""

    def wait(self, timeout: float | None = None) -> int | None:
        """The exit code once it ended and its output is logged; None after ``timeout`` s."""

    def stop(self, grace: float) -> int:
        """SIGTERM, then SIGKILL after ``grace`` seconds; the exit code."""


class Engine(Protocol):
    """Builds images and runs them."""

    name: str

    def build(self, request: BuildRequest, log: LogSink) -> Image:
        """Build, or find built. Raises BuildError."""

    def run(self, launch: Launch, log: LogSink) -> Program:
        """Start a program. Raises ImageMissing, or OSError when it cannot be started."""
