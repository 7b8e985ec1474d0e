"""Ends the cloud's children when the cloud was killed and could not end them itself.

A process of its own reads from a pipe which process groups run. The system closes the pipe
with the cloud, however that ends; the groups that are left then are killed.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterable


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

    def watch(self, group: int) -> None:
        """Kill this process group if the cloud is killed."""
        self._tell(f"+{group}")

    def forget(self, group: int) -> None:
        self._tell(f"-{group}")

    def close(self) -> None:
        """End it; what it watches still is killed."""
        self._process.communicate()

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None  # noqa: S101 - it was asked for
        with contextlib.suppress(BrokenPipeError):  # someone killed it; the cloud goes on
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()


def reap(lines: Iterable[str]) -> None:
    """Read ``+group`` and ``-group`` to the end, then kill the groups that are left."""
    groups: set[int] = set()
    for line in lines:
        change = groups.add if line.startswith("+") else groups.discard
        change(int(line[1:]))
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    reap(sys.stdin)
