"""A server as a group of processes: started on chosen cores, pinged, weighed, stopped."""

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

READY_SECONDS = 60.0
STOP_SECONDS = 12.0
POLL = 0.002  # seconds
PROC = Path("/proc")


class NotReady(Exception):
    """A server ended, or answered its ping with no 200, before the deadline."""


@dataclass(frozen=True)
class Memory:
    """Of one process, in MiB."""

    pid: int
    rss: float
    pss: float
    private: float


@dataclass
class Server:
    """A running server.

    ``cold`` is the time from exec to the first ping answered 200, in seconds. ``orphans`` are the
    processes that had not ended STOP_SECONDS after SIGTERM.
    """

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    cold: float = 0.0
    orphans: int = 0
    sessions: set[int] = field(default_factory=set)

    def pids(self) -> list[int]:
        """Its process and all that came of it.

        Those whose parent has ended are known by their session: some stacks begin new ones.
        """
        living = sorted(_living())
        found = {pid for pid, _, session in living if session in self.sessions}
        grown = -1
        while grown != len(found):
            grown = len(found)
            found |= {pid for pid, parent, _ in living if parent in found}
        self.sessions |= {session for pid, _, session in living if pid in found}
        return sorted(found)

    def memory(self) -> list[Memory]:
        """Of each of its processes."""
        return [found for pid in self.pids() if (found := _memory(pid))]

    def cpu(self) -> float:
        """Seconds that its threads have run since they started."""
        return sum(_cpu(pid) for pid in self.pids())


def free_port() -> int:
    """A port without a listener."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def serving(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    *,
    port: int,
    ping: str,
    cores: Iterable[int],
    log: Path,
    patience: float = STOP_SECONDS,
) -> Iterator[Server]:
    """Start a server on these cores and stop all of it at the end. Raises NotReady."""
    pinned = ["taskset", "--cpu-list", ",".join(map(str, cores)), *arguments]
    with log.open("wb") as output:
        begun = time.perf_counter()
        process = subprocess.Popen(
            pinned,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Server(process, port, log, sessions={process.pid})
    try:
        _wait(server, ping, begun)
        server.cold = time.perf_counter() - begun
        yield server
    finally:
        _stop(server, patience)


def _wait(server: Server, ping: str, begun: float) -> None:
    while time.perf_counter() - begun < READY_SECONDS:
        if server.process.poll() is not None:
            raise NotReady(f"ended with {server.process.returncode}: {_last_lines(server.log)}")
        if _pings(server.port, ping):
            return
        time.sleep(POLL)
    raise NotReady(f"no ping within {READY_SECONDS:g} s: {_last_lines(server.log)}")


def _pings(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _last_lines(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _stop(server: Server, patience: float) -> None:
    """Ask the first process to end; what then still runs of all that came of it is killed."""
    server.pids()  # while parents tell whose children are whose
    if server.process.poll() is None:
        server.process.terminate()
    end = time.monotonic() + patience
    while server.pids() and time.monotonic() < end:
        server.process.poll()
        time.sleep(10 * POLL)
    for pid in server.pids():
        server.orphans += 1
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    server.process.wait()


def _living() -> Iterator[tuple[int, int, int]]:
    """Every living process, its parent and its session."""
    for entry in PROC.iterdir():
        if entry.name.isdecimal():
            try:
                # The name of the program, in parentheses, may hold anything.
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            state, parent, _, session = stat[:4]
            if state != "Z":
                yield int(entry.name), int(parent), int(session)


def _memory(pid: int) -> Memory | None:
    try:
        lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return None
    mib = {name: int(size.split()[0]) / 1024 for name, _, size in (x.partition(":") for x in lines)}
    private = mib["Private_Clean"] + mib["Private_Dirty"]
    return Memory(pid, mib["Rss"], mib["Pss"], private)


def _cpu(pid: int) -> float:
    nanoseconds = 0
    for task in (PROC / str(pid) / "task").glob("*/schedstat"):
        try:
            nanoseconds += int(task.read_text().split()[0])
        except (OSError, ValueError):
            continue
    return nanoseconds / 1e9
