"""What builds and runs images on the laptop: one small interface, whoever is behind it."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

LogSink = Callable[[str], None]
"""Takes one line of output, without its line end."""

_SOURCE_ROOT = Path(__file__).resolve().parents[1]


class BuildError(Exception):
    """An image cannot be built; the message names the Dockerfile's line and what is allowed."""


class ImageMissing(Exception):
    """An image's content is not on this machine, although a registry may know its name."""


class EngineLost(Exception):
    """The engine no longer answers: what it was running is over. The message says since when."""


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
class ImageConfig:
    """What an image says of itself. ``user`` is empty for root."""

    platform: str
    """Such as ``linux/amd64``."""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    user: str = ""
    directory: str = "/"
    environment: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Limits:
    """How much of the machine a program may have; None: as much as there is."""

    memory_mib: int | None = None
    cpus: float | None = None


@dataclass(frozen=True)
class Launch:
    """One program to start from an image.

    ``tree`` is the host folder that the program knows as ``/opt/ml``: it finds there what the
    folder holds at the start, and what it wrote is in the folder once its end is told. The
    folder's parent is the launch's own, too, and the engine may put there what a run needs.
    ``entrypoint`` replaces the image's own, as ContainerEntrypoint does. With ``serves`` the
    program is to serve on port 8080, or on the one that SAGEMAKER_BIND_TO_PORT names; what it
    writes to ``tree`` is then not kept.

    ``isolated`` is SageMaker's network isolation, ``read_only`` leaves it ``/opt/ml`` and
    ``/tmp`` alone to write to, and ``user`` (``uid`` or ``uid:gid``) replaces the image's own.
    An engine that cannot do one of these three says so in ``Engine.lacks``, and does without.
    """

    digest: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    tree: Path
    name: str = "program"
    """For whoever lists what the engine runs, such as ``training-job/oil-price-r-1``."""
    entrypoint: tuple[str, ...] | None = None
    serves: bool = False
    isolated: bool = False
    read_only: bool = False
    user: str | None = None
    limits: Limits = Limits()


class Program(Protocol):
    """A started program. Every line that it writes goes to the log sink of its start."""

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port where it serves; None when it was not asked to."""

    @property
    def killed_for(self) -> str | None:
        """Why the engine itself ended it, such as ``out of memory (limit 8192 MiB)``."""

    @property
    def left_out(self) -> tuple[str, ...]:
        """What it wrote to ``tree`` and no folder here may hold, once its end is told.

        Such as ``model/away is a symbolic link to /etc/passwd``.
        """

    def poll(self) -> int | None:
        """The exit code, or None while it runs. Raises EngineLost."""

    def wait(self, timeout: float | None = None) -> int | None:
        """The exit code once it ended and its output is kept; None after ``timeout`` s.

        Raises EngineLost, or OSError when what it wrote cannot be kept.
        """

    def stop(self, grace: float) -> int:
        """SIGTERM, then SIGKILL after ``grace`` seconds; the exit code. Raises EngineLost."""


@dataclass(frozen=True)
class DockerProgram:
    """The ``docker`` that a build's commands find on their path: its words, and its variables.

    The words are a program and its first arguments; a build's own arguments come after them.
    """

    words: tuple[str, ...]
    environment: Mapping[str, str]

    @classmethod
    def of_module(cls, module: str, environment: Mapping[str, str]) -> "DockerProgram":
        """A module of this package, run as a program by the Python that runs here."""
        # -P: a build runs in a checkout, whose own packages must neither stand in for ours nor
        # get bytecode written beside them, which would then go into the image.
        words = ("env", f"PYTHONPATH={_SOURCE_ROOT}", sys.executable, "-P", "-m", module)
        return cls(words, environment)


@dataclass(frozen=True)
class Host:
    """What a job's program is told of the one host that it runs on (``resourceconfig.json``).

    The name resolves, and what it resolves to is the address of the interface: SageMaker's own
    toolkits wait for that before they train.
    """

    name: str = "algo-1"
    interface: str = "lo"
    """AWS's is ``eth0``. A container without a network, or in this machine's, may have none."""


class Engine(Protocol):
    """Builds images and runs them."""

    name: str
    """``process`` or ``docker``."""
    description: str
    """For people, such as ``docker (Podman Engine 4.3.1 at unix:///run/podman.sock)``."""
    lacks: tuple[str, ...]
    """What it cannot do of ``platform``, ``isolated``, ``read_only``, ``user``, ``limits``."""

    host: Host
    """The host that its jobs run on, as they know it."""

    names_of_this_machine: tuple[str, ...]
    """How its containers call this machine, where loopback is not this machine's to them."""

    def base_digest(self, reference: str, platform: str) -> str:
        """``sha256:…`` of the base image that a build would start from. Raises ImageMissing."""

    def docker(self, state: Path) -> DockerProgram:
        """The ``docker`` of one build, which may keep what it must remember in ``state``."""

    def build(self, request: BuildRequest, log: LogSink) -> Image:
        """Build, or find built, outside a release. Raises BuildError, EngineLost."""

    def find(self, reference: str) -> Image:
        """An image by the name that it has on this machine. Raises ImageMissing, EngineLost."""

    def list_type(self, reference: str) -> str:
        """The media type of a name that means a list of images, one a platform; else empty."""

    def config(self, digest: str) -> ImageConfig:
        """What the image says of itself. Raises ImageMissing, EngineLost."""

    def run(self, launch: Launch, log: LogSink) -> Program:
        """Start a program. Raises ImageMissing, EngineLost, or OSError when it cannot start."""

    def sweep(self) -> None:
        """End and remove whatever earlier runs of this cloud left behind."""
