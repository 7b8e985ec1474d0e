"""Ends the cloud's children when the cloud was killed and could not end them itself.

A process of its own reads from a pipe which process groups and which marks run. The system
closes the pipe with the cloud, however that ends; what is left then is killed.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")
MARK_LENGTH = 32  # of uuid4().hex


class Reaper:
    """The process beside the cloud. Whoever uses it from several threads holds a lock."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,  # what interrupts the cloud must not end this first
        )

    def watch(self, what: int | str) -> None:
        """Kill this process group, or all that has this mark, if the cloud is killed."""
        self._tell(f"+{what}")

    def forget(self, what: int | str) -> None:
        self._tell(f"-{what}")

    def close(self) -> None:
        """End it; what it watches still is killed."""
        self._process.communicate()

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None  # noqa: S101 - it was asked for
        with contextlib.suppress(BrokenPipeError):  # someone killed it; the cloud goes on
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()


def reap(lines: Iterable[str]) -> None:
    """Read ``+group`` and ``-group``, or marks, to the end, then kill what is left.

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
    """Kill every process that has this mark; nothing where the system shows no environments.

    It counts in any variable: what a container engine builds gets it in another.
    """
    for environment in proc.glob("[0-9]*/environ") if mark else ():
        with contextlib.suppress(OSError):  # it ended, or it is another user's
            if mark.encode() in environment.read_bytes():
                os.kill(int(environment.parent.name), signal.SIGKILL)


if __name__ == "__main__":
    reap(sys.stdin)
