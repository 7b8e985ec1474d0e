"""A connection to Docker or podman: how it is found, used and lost."""

import errno
import os
import re
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import docker
import requests.exceptions
import urllib3.exceptions
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.utils import kwargs_from_env

from modelwharf.engines.container.unix_socket import close_unanswered
from modelwharf.engines.engine import EngineLost, ImageMissing

PING = 2.0  # seconds in which an engine must answer to count as present
CALL = 120.0  # seconds for one call; each read and write of a long copy has this limit
PROBE = 10.0  # seconds for inspecting a container, which takes milliseconds
FULL = "no space left on device"
GONE = re.compile(r"no such container")
ENDED_MEANWHILE = re.compile(r"/proc/\d+/cgroup: no such process")
ATTEMPTS = 5

Found = TypeVar("Found")

BROKEN = (
    requests.exceptions.ConnectionError,
    requests.exceptions.ChunkedEncodingError,
    urllib3.exceptions.ProtocolError,
    ConnectionError,
)
SILENT = (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)


class NoEngine(Exception):
    """No container engine answers; the message names what was tried.

    ``present`` are the addresses where something exists: a socket that refuses, a host. ``busy`` is
    the first address that accepted the connection, or nearly, and did not answer in time.
    """

    def __init__(
        self, tried: Mapping[str, str], present: Sequence[str] = (), busy: str | None = None
    ) -> None:
        super().__init__("; ".join(f"{address}: {words}" for address, words in tried.items()))
        self.busy = busy
        self._found = {address: tried[address] for address in present}

    @property
    def summary(self) -> str:
        """The same in short, without the sockets that do not exist."""
        if not self._found:
            return "no Docker or podman runs here"
        found = "; ".join(f"{address}: {words}" for address, words in self._found.items())
        return f"no Docker or podman answers: {found}"


@dataclass(frozen=True)
class Machine:
    """The engine's description of the machine that it runs containers on."""

    cpus: int
    limits_memory: bool
    limits_cpus: bool
    local: bool
    """Whether its networks and processes are this machine's own: no VM, not rootless."""
    storage: Path | None = None
    """The folder of its images and volumes, if it is on this machine."""


@dataclass(frozen=True)
class Connection:
    """An engine that answered. ``client`` is for work, ``probe`` for quick checks."""

    address: str
    product: str
    """For example ``Podman Engine 4.3.1``."""
    client: docker.DockerClient
    probe: docker.DockerClient
    machine: Machine

    @property
    def description(self) -> str:
        return f"{self.product} at {self.address}"

    @property
    def is_podman(self) -> bool:
        return self.product.startswith("Podman")

    def close(self) -> None:
        self.client.close()
        self.probe.close()

    def lost(self, why: object) -> EngineLost:
        """Return the error to raise when the engine no longer answers."""
        return EngineLost(
            f"the container engine ({self.description}) stopped answering at "
            f"{datetime.now().astimezone():%H:%M:%S %Z}: {_innermost(why)}"
        )

    @contextmanager
    def speaking(self, what: str) -> Iterator[None]:
        """Translate the errors of a request to the engine; ``what`` describes the request.

        Raises ImageMissing, EngineLost, or OSError with the engine's own words; its errno is ENOSPC
        when the engine has no room left.
        """
        try:
            yield
        except ImageNotFound as error:
            raise ImageMissing(f"{what}: {error.explanation or error}") from None
        except APIError as error:
            raise refusal(what, error) from None
        except (*SILENT, *BROKEN) as error:
            raise self.lost(error) from None


class EngineRefused(OSError):
    """The engine refused the request; the text is its own."""

    def __str__(self) -> str:
        return str(self.args[1])


def ended_meanwhile(error: APIError) -> bool:
    """Whether this is podman's answer about a container that ends during the inspection.

    Until 4.4 podman says this instead of the container's state: containers/podman issue 16383.
    """
    return bool(ENDED_MEANWHILE.search(str(error.explanation or error)))


@contextmanager
def already_gone() -> Iterator[None]:
    """Ignore the error for a container that no longer exists when it is removed or stopped.

    Podman answers 404, and 500 for a container that is being removed.
    """
    try:
        yield
    except APIError as error:
        if not (isinstance(error, NotFound) or GONE.search(str(error.explanation or error))):
            raise


def inspect_again(inspect: Callable[[], Found]) -> Found:
    """Inspect a container, again if it ends meanwhile. Raises what ``inspect`` raises."""
    for _ in range(ATTEMPTS - 1):
        try:
            return inspect()
        except APIError as error:
            if not ended_meanwhile(error):
                raise
    return inspect()


def refusal(what: str, error: APIError) -> EngineRefused:
    """Return the engine's refusal of ``what`` as an OSError."""
    words = str(error.explanation or error).strip()
    number = errno.ENOSPC if FULL in words.lower() else errno.EIO
    return EngineRefused(number, f"{what}: {words}")


def connect(environment: Mapping[str, str] | None = None, *, timeout: float = PING) -> Connection:
    """Connect to the first engine that answers: DOCKER_HOST's, else a default socket's.

    ``timeout`` is the number of seconds that each has to answer. Raises NoEngine.
    """
    environment = os.environ if environment is None else environment
    tried: dict[str, str] = {}
    present = []
    busy = None
    for address in addresses(environment):
        try:
            return _connection(address, environment, timeout)
        except (DockerException, OSError, ValueError, *SILENT, *BROKEN) as error:
            tried[address] = _innermost(error)
            if _is_silence(error):
                busy = busy or address
            if environment.get("DOCKER_HOST") or not isinstance(error, FileNotFoundError):
                present.append(address)
    raise NoEngine(tried, present, busy)


def _is_silence(error: BaseException | None) -> bool:
    """Whether a timeout caused the error, under the libraries' wrapped exceptions."""
    while error is not None:
        if isinstance(error, SILENT):
            return True
        error = error.__cause__ or error.__context__ or _wrapped(error)
    return False


def addresses(environment: Mapping[str, str]) -> list[str]:
    """Return the addresses of engines: DOCKER_HOST's alone if set, or the default sockets."""
    if environment.get("DOCKER_HOST"):
        return [environment["DOCKER_HOST"]]
    runtime = environment.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    sockets = (
        "/var/run/docker.sock",
        str(Path.home() / ".docker/run/docker.sock"),
        "/run/podman/podman.sock",
        f"{runtime}/podman/podman.sock",
    )
    return [f"unix://{path}" for path in sockets]


def _connection(address: str, environment: Mapping[str, str], timeout: float) -> Connection:
    _require_listener(address, timeout)
    given = kwargs_from_env(environment=dict(environment))
    given["base_url"] = address
    probe = docker.DockerClient(**given, timeout=timeout)  # type: ignore[arg-type]  # seconds
    close_unanswered(probe.api)
    try:
        version = probe.version()
        probe.api.timeout = PROBE  # type: ignore[assignment]
        machine = _machine(address, probe.info())
        client = docker.DockerClient(**given, timeout=CALL)  # type: ignore[arg-type]
        close_unanswered(client.api)
    except BaseException:
        probe.close()
        raise
    return Connection(address, _product(version), client, probe, machine)


def _require_listener(address: str, timeout: float) -> None:
    """Check that the socket accepts connections. Raises OSError.

    The SDK would leave a socket open that no server answers.
    """
    path = address.removeprefix("unix://")
    if path != address:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(timeout)
            line.connect(path)


def _product(version: Mapping[str, object]) -> str:
    components = version.get("Components")
    first = components[0]["Name"] if isinstance(components, list) and components else "Engine"
    name = first if "Podman" in first else f"Docker {first}"
    return f"{name} {version['Version']}"


def _machine(address: str, info: Mapping[str, object]) -> Machine:
    options = info.get("SecurityOptions") or []
    rootless = "name=rootless" in str(options) or bool(info.get("Rootless"))
    virtual = "Docker Desktop" in str(info.get("OperatingSystem"))
    local = address.startswith("unix://") and not rootless and not virtual
    storage = Path(str(info.get("DockerRootDir")))
    return Machine(
        cpus=int(str(info.get("NCPU") or 1)),
        limits_memory=bool(info.get("MemoryLimit")),
        limits_cpus=bool(info.get("CpuCfsQuota")),
        local=local,
        storage=storage if local and storage.is_dir() else None,
    )


def _innermost(error: object) -> str:
    """Return the operating system's own words, under the wrapped exceptions of four libraries."""
    while isinstance(error, BaseException):
        inner = error.__cause__ or error.__context__ or _wrapped(error)
        if inner is None or isinstance(inner, NameError):  # the SDK's, without paramiko
            break
        error = inner
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__


def _wrapped(error: BaseException) -> BaseException | None:
    return next((part for part in error.args if isinstance(part, BaseException)), None)
