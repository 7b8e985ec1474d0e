"""The laptop's cloud as a process: started, found and stopped."""

import fcntl
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from cli.errors import Trouble
from cli.options import DEFAULT_DIRECTORY
from contracts.laptop import KEY_FILE, STATE_FILE, LaptopCloud, LaptopKey

LOG_FILE = "cloud.log"
LOCK_FILE = "cloud.lock"  # held, and its process id written, by the cloud from its first moment
START_LOCK_FILE = "start.lock"  # held by `wharf up` until the cloud is ready
REASON = "localcloud: "  # how the last words of a cloud begin that says why it cannot start
HOST = "127.0.0.1"
REGION = "eu-west-1"  # the laptop's, whatever is configured for AWS
MODULE = "localcloud"
START_DEADLINE = 180.0  # seconds; a cold start deploys the template in about ten
STOP_DEADLINE = 30.0  # seconds
INTERVAL = 0.1  # seconds between looks
LOG_LINES = 15

# Popen warns of a child that it forgets while it runs; these are meant to go on without us.
_detached: list[subprocess.Popen[bytes]] = []


def command_for(name: str, directory: Path) -> str:
    """Return ``wharf NAME`` for this directory's cloud, as it is typed."""
    where = "" if directory == DEFAULT_DIRECTORY else f" --directory {shlex.quote(str(directory))}"
    return f"wharf {name}{where}"


def running_cloud(directory: Path) -> LaptopCloud | None:
    """Return the cloud that is ready in this directory; None when there is none.

    What a killed cloud left behind is not taken for a running one.
    """
    try:
        cloud = LaptopCloud.model_validate_json((directory / STATE_FILE).read_text())
    except (FileNotFoundError, ValidationError):
        return None
    return cloud if is_cloud(cloud.pid, directory) else None


def required_cloud(directory: Path) -> LaptopCloud:
    """Return the running cloud. Raises Trouble when there is none."""
    cloud = running_cloud(directory)
    if cloud is None:
        raise Trouble(
            f"no cloud runs in {directory}: start it with `{command_for('up', directory)}`"
        )
    return cloud


def key_of(directory: Path) -> LaptopKey:
    """Return the key of this directory's cloud. Raises Trouble."""
    try:
        return LaptopKey.read(directory)
    except (OSError, ValidationError) as error:
        raise Trouble(
            f"the cloud's key, {directory / KEY_FILE}, cannot be read ({type(error).__name__}): "
            f"stop the cloud with `{command_for('down', directory)}`, delete the file, and start "
            f"it again with `{command_for('up', directory)}`"
        ) from None


def cloud_process(directory: Path) -> int | None:
    """Return the process id of this directory's cloud, ready or still starting."""
    cloud = running_cloud(directory)
    if cloud:
        return cloud.pid
    try:
        pid = int((directory / LOCK_FILE).read_text())
    except (FileNotFoundError, ValueError):
        return None
    return pid if is_cloud(pid, directory) else None


def is_cloud(pid: int, directory: Path) -> bool:
    """Whether the process is this directory's cloud, not another that got the same number."""
    words = command_line(pid)
    return MODULE in words and str(directory.resolve()) in words


def command_line(pid: int) -> str:
    """Return the process's command line; empty when there is no such process."""
    listing = Path(f"/proc/{pid}/cmdline")
    if listing.parent.parent.joinpath("self").exists():
        try:
            return listing.read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except (FileNotFoundError, ProcessLookupError):
            return ""
    answer = subprocess.run(
        ["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip()


def cloud_command(
    *,
    directory: Path,
    assembly: Path,
    project: str,
    port: int,
    region: str,
    engine: str | None,
    quotas: Sequence[str] = (),
) -> list[str]:
    """Return the command that serves this assembly; without an engine the cloud chooses.

    ``quotas`` are ``NAME=VALUE``.
    """
    options = {
        "directory": directory.resolve(),
        "assembly": assembly.resolve(),
        "project": project,
        "port": port,
        "region": region,
        "engine": engine,
    }
    given = {name: str(value) for name, value in options.items() if value is not None}
    pairs = [part for name, value in given.items() for part in (f"--{name}", value)]
    pairs += [part for quota in quotas for part in ("--quota", quota)]
    return [sys.executable, "-m", MODULE, *pairs]


def start_cloud(
    command: Sequence[str],
    *,
    directory: Path,
    root: Path,
    waiting: Callable[[float], None],
    deadline: float = START_DEADLINE,
) -> LaptopCloud:
    """Start the cloud, detached from this terminal; return it when it is ready.

    ``waiting`` is told the seconds waited so far. Raises Trouble with the log's last lines
    when the cloud ends or is not ready in time; it is stopped then.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    (directory / STATE_FILE).unlink(missing_ok=True)
    log = directory / LOG_FILE
    with log.open("wb") as output:
        log.chmod(0o600)
        child = subprocess.Popen(
            list(command),
            cwd=root,
            env=clean_environment(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        for waited in _ticks(deadline):
            waiting(waited)
            cloud = running_cloud(directory)
            if cloud:
                _detached.append(child)
                return cloud
            if child.poll() is not None:
                raise Trouble(_why_it_ended(child.returncode, log))
    except BaseException:
        _end(child)
        raise
    _end(child)
    raise Trouble(f"the cloud was not ready after {deadline:.0f} s{_tail(log)}")


@contextmanager
def starting(directory: Path) -> Iterator[None]:
    """Be the only one who starts a cloud here. Raises Trouble at once when another does."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = directory / START_LOCK_FILE
    file.touch(mode=0o600)
    with file.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Trouble(_already_starting(directory)) from None
        if cloud_process(directory):  # its `wharf up` is gone, it is not ready
            raise Trouble(_already_starting(directory))
        yield


def _already_starting(directory: Path) -> str:
    return (
        f"a cloud is already starting in {directory}: wait for it (a few seconds), "
        f"or stop it with `{command_for('down', directory)}`"
    )


def require_free(port: int) -> None:
    """Raises Trouble when somebody listens on the port; 0 is any that is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the cloud's server does
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise Trouble(
                f"port {port} of {HOST} cannot be served ({error.strerror}): "
                "choose another, or any that is free with `--port 0`"
            ) from None


def stop_cloud(pid: int, directory: Path, *, deadline: float = STOP_DEADLINE) -> None:
    """Ask the cloud to end and wait until it has. Raises Trouble when it does not."""
    os.kill(pid, signal.SIGTERM)
    for _ in _ticks(deadline):
        if not is_cloud(pid, directory):
            return
    raise Trouble(f"the cloud (pid {pid}) did not end in {deadline:.0f} s; end it: kill -9 {pid}")


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without AWS settings: the cloud is nobody's account."""
    kept = {name: value for name, value in environment.items() if not name.startswith("AWS_")}
    return {**kept, "PYTHONUNBUFFERED": "1"}


def _ticks(deadline: float) -> Iterator[float]:
    """Yield the seconds waited, until the deadline."""
    start = time.monotonic()
    while (waited := time.monotonic() - start) < deadline:
        yield waited
        time.sleep(INTERVAL)


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(STOP_DEADLINE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _why_it_ended(code: int, log: Path) -> str:
    """The cloud's own reason when it gave one, otherwise what its log ends with."""
    _, said, reason = f"\n{log.read_text(errors='replace')}".rpartition(f"\n{REASON}")
    if said:
        return f"{reason.strip()}\nIts log: {log}"
    return f"the cloud ended with exit code {code}{_tail(log)}"


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-LOG_LINES:]
    return "\n".join([f"; the last lines of {log}:", *(f"  {line}" for line in lines)])
