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

from localcloud.reaper import Reaper, kill_marked

MARK = "MODELWHARF_PROCESS"
UMASK = 0o022
"""As programs have it in a container of AWS's: what they pack, others may read there. The cloud's
own is stricter, and its directory keeps other users out."""


class CloudStopping(RuntimeError):
    """The cloud ends: nothing is started any more."""


class Processes:
    """Every child process, each in a group of its own: none outlives the cloud, or its death.

    What a child starts inherits its mark, so that it is found (on Linux) though it left the
    group, as a container's processes end with the container.
    """

    def __init__(self) -> None:
        self._children: dict[subprocess.Popen[Any], str] = {}  # child → its mark
        self._reaper: Reaper | None = None  # started with the first child
        self._lock = threading.Lock()
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether the cloud is stopping, and nothing shall be started any more."""
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

    def watch(self, mark: str) -> None:
        """Kill what another program started with this mark, should the cloud be killed."""
        with self._lock:
            if not self._closed:
                self._reaper = self._reaper or Reaper()
                self._reaper.watch(mark)

    def forget(self, mark: str) -> None:
        """What has the mark of ``watch`` has ended."""
        self._tell_end(mark)

    def _tell_end(self, what: int | str) -> None:
        with self._lock:
            if self._reaper is not None:
                self._reaper.forget(what)

    def stop(self, child: subprocess.Popen[Any], *, grace: float = 5.0) -> int:
        """Ask the child's whole group to end, force it after ``grace`` seconds; its exit code."""
        self._signal(child, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(grace)
        # What the child itself started may have stayed behind in its group.
        self._signal(child, signal.SIGKILL)
        code = child.wait()
        kill_marked(self._children.get(child, ""))
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
        for child in children:  # all at once, so that their times to end do not add up
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
