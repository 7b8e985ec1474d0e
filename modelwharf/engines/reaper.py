"""End the cloud's children when the cloud was killed and could not end them itself.

A separate process reads from a pipe which process groups and marks to watch. The system closes the
pipe when the cloud ends for any reason; the process then kills what it still watches. A mark is a
value in the environment of each process that the cloud started.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

PROC = Path("/proc")
MARK_LENGTH = 32  # of uuid4().hex


class Reaper:
    """The separate process. Callers in several threads must hold a lock."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,  # a signal to the cloud must not end this first
        )

    def watch(self, what: int | str) -> None:
        """Kill this process group, or all processes with this mark, if the cloud is killed."""
        self._tell(f"+{what}")

    def forget(self, what: int | str) -> None:
        self._tell(f"-{what}")

    def close(self) -> None:
        """End the process; it kills what it still watches."""
        self._process.communicate()

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None  # noqa: S101 - Popen was given PIPE
        with contextlib.suppress(BrokenPipeError):  # it was killed; the cloud goes on
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()


def reap(lines: Iterable[str]) -> None:
    """Read ``+group`` and ``-group``, or marks, to the end of the input, then kill what is watched.

    A mark is 32 hexadecimal digits; a group's number has fewer.
    """
    watched: set[str] = set()
    for line in lines:
        change = watched.add if line.startswith("+") else watched.discard
        change(line[1:].strip())
    for one in watched:
        if len(one) == MARK_LENGTH:
            kill_marked(one)
        else:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(int(one), signal.SIGKILL)


def kill_marked(mark: str, proc: Path = PROC) -> None:
    """Kill every process that has this mark; nothing if the system shows no environments.

    The mark may be in any variable: a container engine's build gets it in another one.
    """
    for process in marked(mark, proc):
        with contextlib.suppress(OSError):  # it ended, or belongs to another user
            os.kill(int(process.name), signal.SIGKILL)


def marked(mark: str, proc: Path = PROC) -> Iterator[Path]:
    """Yield the folder in /proc of every process that has this mark; see kill_marked."""
    for environment in proc.glob("[0-9]*/environ") if mark else ():
        with contextlib.suppress(OSError):  # it ended, or belongs to another user
            if mark.encode() in environment.read_bytes():
                yield environment.parent


if __name__ == "__main__":
    reap(sys.stdin)
