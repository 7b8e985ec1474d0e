"""The interface of every engine that builds and runs images on the laptop."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

LogSink = Callable[[str], None]
"""Receives one line of output, without its line end."""

_SOURCE_ROOT = Path(__file__).resolve().parents[2]


class BuildError(Exception):
    """An image cannot be built; the message names the Dockerfile's line and what is allowed."""


class ImageMissing(Exception):
    """An image's content is not on this machine, although a registry may know its name."""


class EngineLost(Exception):
    """The engine no longer answers, so its running programs count as ended.

    The message says since when.
    """


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
    """An image's configuration. ``user`` is empty for root."""

    platform: str
    """For example ``linux/amd64``."""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    user: str = ""
    directory: str = "/"
    environment: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Limits:
    """How much of the machine a program may use; None: no limit."""

    memory_mib: int | None = None
    cpus: float | None = None


@dataclass(frozen=True)
class Launch:
    """One program to start from an image.

    ``tree`` is the host folder that the program sees as ``/opt/ml``. The program finds there the
    folder's content at the start; the folder holds what the program wrote once its end is reported.
    The folder's parent also belongs to the launch, and the engine may put files there.
    ``entrypoint`` replaces the image's own, as ContainerEntrypoint does. With ``serves`` the
    program should serve on port 8080, or on the port in SAGEMAKER_BIND_TO_PORT; its files in
    ``tree`` are then not kept.

    ``isolated`` is SageMaker's network isolation. With ``read_only`` the program can write only to
    ``/opt/ml`` and ``/tmp``. ``user`` (``uid`` or ``uid:gid``) replaces the image's own. An engine
    that does not support one of these three names it in ``Engine.unsupported`` and ignores it.
    """

    digest: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    tree: Path
    name: str = "program"
    """Shown in the engine's list of running programs, such as ``training-job/oil-price-r-1``."""
    entrypoint: tuple[str, ...] | None = None
    serves: bool = False
    isolated: bool = False
    read_only: bool = False
    user: str | None = None
    limits: Limits = Limits()


class Program(Protocol):
    """A started program. Every line of its output goes to the log sink of its start."""

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port where it serves; None when it was not asked to."""

    @property
    def killed_for(self) -> str | None:
        """Why the engine itself ended it, such as ``out of memory (limit 8192 MiB)``."""

    @property
    def ran(self) -> float | None:
        """Seconds from its start to its end; None until then, and where the engine does not say.

        ``poll`` and ``wait`` report its end later, once its output is kept.
        """

    @property
    def left_out(self) -> tuple[str, ...]:
        """What it wrote to ``tree`` that no folder here may hold, once its end is reported.

        For example ``model/away is a symbolic link to /etc/passwd``.
        """

    @property
    def unreachable(self) -> str:
        """Why the server cannot be reached, such as ``it listens on 127.0.0.1:8080 alone``.

        Empty when it can be reached, and when that is unknown.
        """

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs. Raises EngineLost."""

    def wait(self, timeout: float | None = None) -> int | None:
        """Return the exit code once it ended and its output is kept; None after ``timeout`` s.

        Raises EngineLost, or OSError when what it wrote cannot be kept.
        """

    def stop(self, grace: float) -> int:
        """Send SIGTERM, then SIGKILL after ``grace`` s; return the exit code. Raises EngineLost."""


@dataclass(frozen=True)
class DockerProgram:
    """The ``docker`` command for the commands of a build: its words, and its variables.

    The words are a program and its first arguments; a build's own arguments come after them.
    """

    words: tuple[str, ...]
    environment: Mapping[str, str]

    @classmethod
    def of_module(cls, module: str, environment: Mapping[str, str]) -> "DockerProgram":
        """Return a module of this package as a program for the current Python."""
        # -P: a build runs in a checkout. Without it the checkout's packages would replace ours, and
        # bytecode written there would go into the image.
        words = ("env", f"PYTHONPATH={_SOURCE_ROOT}", sys.executable, "-P", "-m", module)
        return cls(words, environment)


@dataclass(frozen=True)
class Host:
    """A host as a job's program sees it (``resourceconfig.json``).

    The name resolves to the address of the interface: SageMaker's own toolkits wait for that before
    they train.
    """

    name: str = "algo-1"
    interface: str = "lo"
    """On AWS ``eth0``. A container without a network, or in this machine's, may have none."""


def host_label(number: int) -> str:
    """Return SageMaker's name for the host of that number, from 0; its log stream is named so."""
    return f"algo-{number + 1}"


class Cluster(Protocol):
    """The hosts of one job, which reach each other by name until ``close``."""

    @property
    def hosts(self) -> tuple[Host, ...]:
        """The hosts in the order of their numbers."""

    def run(self, number: int, launch: Launch, log: LogSink) -> Program:
        """Start a program on the host of that number, from 0. Raises what Engine.run raises."""

    def close(self) -> None:
        """Remove the network between the hosts, whose programs have ended. Raises nothing."""


class Engine(Protocol):
    """Builds images and runs them."""

    name: str
    """``process`` or ``docker``."""
    description: str
    """For people, such as ``docker (Podman Engine 4.3.1 at unix:///run/podman.sock)``."""
    unsupported: tuple[str, ...]
    """What it does not support of ``platform``, ``isolated``, ``read_only``, ``user``, ``limits``,
    ``hosts`` (more than one of a job).
    """

    host: Host
    """The host of a job with one host, as the job sees it."""

    names_of_this_machine: tuple[str, ...]
    """The name of this machine in its containers, if their loopback is not this machine's."""

    def base_digest(self, reference: str, platform: str) -> str:
        """Return ``sha256:…`` of a build's base image. Raises ImageMissing."""

    def docker(self, state: Path) -> DockerProgram:
        """Return the ``docker`` of one build, which may keep its state in ``state``."""

    def build(self, request: BuildRequest, log: LogSink) -> Image:
        """Build outside a release, or find the image built. Raises BuildError, EngineLost."""

    def find(self, reference: str) -> Image:
        """Return an image by its name on this machine. Raises ImageMissing, EngineLost."""

    def list_type(self, reference: str) -> str:
        """Return the media type of a multi-platform image list of that name; else empty."""

    def config(self, digest: str) -> ImageConfig:
        """Return the image's configuration. Raises ImageMissing, EngineLost."""

    def run(self, launch: Launch, log: LogSink) -> Program:
        """Start a program. Raises ImageMissing, EngineLost, or OSError when it cannot start."""

    def cluster(self, name: str, count: int, *, isolated: bool) -> Cluster:
        """Create hosts for one job's ``count`` programs, 2 or more.

        With ``isolated`` they reach only each other. The engine lists them under ``name``. Raises
        EngineLost, or OSError that says why there are none.
        """

    def sweep(self) -> None:
        """End and remove what earlier runs of this cloud left behind."""


@dataclass(frozen=True)
class OneHost:
    """Implements Cluster for a job with one host, which needs no network."""

    engine: Engine

    @property
    def hosts(self) -> tuple[Host, ...]:
        return (self.engine.host,)

    def run(self, number: int, launch: Launch, log: LogSink) -> Program:
        return self.engine.run(launch, log)

    def close(self) -> None:
        """Do nothing: there is no network to remove."""


def cluster_of(engine: Engine, name: str, count: int, *, isolated: bool) -> Cluster:
    """Return the hosts of a job with one program or more. Raises what Engine.cluster raises."""
    if count == 1:
        return OneHost(engine)
    return engine.cluster(name, count, isolated=isolated)
