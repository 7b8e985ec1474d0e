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

from modelwharf.cli.errors import CommandError
from modelwharf.cli.options import DEFAULT_DIRECTORY
from modelwharf.contracts.laptop import KEY_FILE, STATE_FILE, LaptopCloud, LaptopKey

LOG_FILE = "cloud.log"
LOCK_FILE = "cloud.lock"  # the cloud locks it and writes its process id from its first moment
START_LOCK_FILE = "start.lock"  # held by `wharf up` until the cloud is ready
REASON = "laptop: "  # prefix of the line with which a cloud says why it cannot start
HOST = "127.0.0.1"
REGION = "eu-west-1"  # the laptop's region, independent of the configuration for AWS
MODULE = "modelwharf.laptop"
START_DEADLINE = 180.0  # seconds; a cold start deploys the template in about ten
STOP_DEADLINE = 30.0  # seconds
INTERVAL = 0.05  # seconds between two polls
LOG_LINES = 15

# Popen warns of a running child that is garbage-collected; these are meant to outlive us.
_detached: list[subprocess.Popen[bytes]] = []


def command_for(name: str, directory: Path) -> str:
    """Return the command line ``wharf NAME`` for this directory's cloud."""
    where = "" if directory == DEFAULT_DIRECTORY else f" --directory {shlex.quote(str(directory))}"
    return f"wharf {name}{where}"


def running_cloud(directory: Path) -> LaptopCloud | None:
    """Return the cloud that is ready in this directory; None when there is none.

    Files that a killed cloud left behind do not count.
    """
    try:
        cloud = LaptopCloud.model_validate_json((directory / STATE_FILE).read_text())
    except (FileNotFoundError, ValidationError):
        return None
    return cloud if is_cloud(cloud.pid, directory) else None


def required_cloud(directory: Path) -> LaptopCloud:
    """Return the running cloud. Raises CommandError when there is none."""
    cloud = running_cloud(directory)
    if cloud is None:
        raise CommandError(
            f"no cloud runs in {directory}: start it with `{command_for('up', directory)}`"
        )
    return cloud


def key_of(directory: Path) -> LaptopKey:
    """Return the key of this directory's cloud. Raises CommandError."""
    try:
        return LaptopKey.read(directory)
    except (OSError, ValidationError) as error:
        raise CommandError(
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
    """Whether the process is this directory's cloud and not another one with the same pid."""
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
    """Return the command that serves this assembly. Without an engine, the cloud chooses one.

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


def require_possible(root: Path, engine: str | None, quotas: Sequence[str]) -> None:
    """Check the engine and the quotas (NAME=VALUE).

    Raises CommandError when no cloud can start with them.
    """
    if engine in {None, "process"} and not quotas:
        return
    words = [*(["--engine", engine] if engine else []), *(f"--quota={one}" for one in quotas)]
    answer = subprocess.run(
        [sys.executable, "-m", f"{MODULE}.start_check", *words],
        cwd=root,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        raise CommandError(answer.stderr.strip())


def start_cloud(
    command: Sequence[str],
    *,
    directory: Path,
    root: Path,
    waiting: Callable[[float], None],
    deadline: float = START_DEADLINE,
) -> LaptopCloud:
    """Start the cloud, detached from this terminal, and return it when it is ready.

    ``waiting`` gets the seconds waited so far. Raises CommandError with the log's last lines when
    the cloud ends or is not ready in time; the cloud is then stopped.
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
                raise CommandError(_why_it_ended(child.returncode, log))
    except BaseException:
        _end(child)
        raise
    _end(child)
    raise CommandError(f"the cloud was not ready after {deadline:.0f} s{_tail(log)}")


@contextmanager
def starting(directory: Path) -> Iterator[None]:
    """Hold the start lock of this directory. Raises CommandError at once when another process holds
    it.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = directory / START_LOCK_FILE
    file.touch(mode=0o600)
    with file.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(_already_starting(directory)) from None
        if cloud_process(directory):  # its `wharf up` is gone, and it is not ready
            raise CommandError(_already_starting(directory))
        yield


def _already_starting(directory: Path) -> str:
    return (
        f"a cloud is already starting in {directory}: wait for it (a few seconds), "
        f"or stop it with `{command_for('down', directory)}`"
    )


def require_free(port: int) -> None:
    """Check the port; 0 means any free port.

    Raises CommandError when another program listens on it.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the cloud's server does
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise CommandError(
                f"port {port} of {HOST} cannot be served ({error.strerror}): "
                "choose another, or any that is free with `--port 0`"
            ) from None


def stop_cloud(pid: int, directory: Path, *, deadline: float = STOP_DEADLINE) -> None:
    """Ask the cloud to end and wait for it. Raises CommandError when it does not end."""
    os.kill(pid, signal.SIGTERM)
    for _ in _ticks(deadline):
        if not is_cloud(pid, directory):
            return
    raise CommandError(
        f"the cloud (pid {pid}) did not end in {deadline:.0f} s; end it: kill -9 {pid}"
    )


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without AWS settings: the cloud belongs to no account."""
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
    """Return the cloud's own reason when it gave one, otherwise the end of its log."""
    _, said, reason = f"\n{log.read_text(errors='replace')}".rpartition(f"\n{REASON}")
    if said:
        return f"{reason.strip()}\nIts log: {log}"
    return f"the cloud ended with exit code {code}{_tail(log)}"


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-LOG_LINES:]
    return "\n".join([f"; the last lines of {log}:", *(f"  {line}" for line in lines)])
