"""Child processes: started in groups of their own, and ended with all that they started."""

import contextlib
import os
import signal
import subprocess
import threading
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from modelwharf.engines.reaper import Reaper, kill_marked

MARK = "MODELWHARF_PROCESS"
UMASK = 0o022
"""The umask in a container on AWS: others may read the files that programs pack.

The cloud's own umask is stricter, and its directory keeps other users out.
"""


class CloudStopping(RuntimeError):
    """The cloud is stopping; nothing is started any more."""


class Processes:
    """Every child process, each in its own group: none outlives the cloud, even a killed one.

    What a child starts inherits its mark. So it is found (on Linux) even after it left the group; a
    container's processes, too, end with the container.
    """

    def __init__(self) -> None:
        self._children: dict[subprocess.Popen[Any], str] = {}  # child → its mark
        self._reaper: Reaper | None = None  # started with the first child
        self._lock = threading.Lock()
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether the cloud is stopping, so that nothing may be started any more."""
        return self._closed

    def start(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        directory: Path,
        stdin: int | IO[Any] = subprocess.DEVNULL,
        stdout: int | IO[Any] = subprocess.PIPE,
        stderr: int | IO[Any] = subprocess.STDOUT,
    ) -> subprocess.Popen[str]:
        """Start a text-mode child.

        Raises OSError when the program cannot be started, CloudStopping once all were stopped.
        """
        mark = uuid.uuid4().hex
        with self._lock:
            if self._closed:
                raise CloudStopping("the cloud is stopping and starts no process any more")
            self._reaper = self._reaper or Reaper()
            child = subprocess.Popen(
                list(command),
                env={**environment, MARK: mark},
                cwd=directory,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
                umask=UMASK,
            )
            self._children[child] = mark
            self._reaper.watch(child.pid)
        return child

    def mark_of(self, child: subprocess.Popen[Any]) -> str:
        """Return the mark of the child's processes; empty once it was stopped."""
        return self._children.get(child, "")

    def watch(self, mark: str) -> None:
        """Kill another program's processes that carry this mark, if the cloud is killed."""
        with self._lock:
            if not self._closed:
                self._reaper = self._reaper or Reaper()
                self._reaper.watch(mark)

    def forget(self, mark: str) -> None:
        """Stop watching a mark, because its processes have ended."""
        self._tell_end(mark)

    def _tell_end(self, what: int | str) -> None:
        with self._lock:
            if self._reaper is not None:
                self._reaper.forget(what)

    def stop(self, child: subprocess.Popen[Any], *, grace: float = 5.0) -> int:
        """Ask the child's group to end, kill it after ``grace`` seconds; return the exit code."""
        self._signal(child, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(grace)
        # Processes that the child started may still be in its group.
        self._signal(child, signal.SIGKILL)
        code = child.wait()
        kill_marked(self.mark_of(child))
        if child.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # what was never sent is lost
                child.stdin.close()
        self._forget(child)
        return code

    def _forget(self, child: subprocess.Popen[Any]) -> None:
        with self._lock:
            self._children.pop(child, None)
        self._tell_end(child.pid)

    def stop_all(self) -> None:
        """Stop every child, and start none after."""
        with self._lock:
            self._closed = True
            children = list(self._children)
        for child in children:  # all at once, so that their shutdown times do not add up
            self._signal(child, signal.SIGTERM)
        for child in children:
            self.stop(child, grace=1.0)
        with self._lock:
            if self._reaper is not None:
                self._reaper.close()
                self._reaper = None

    @staticmethod
    def _signal(child: subprocess.Popen[Any], number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)
