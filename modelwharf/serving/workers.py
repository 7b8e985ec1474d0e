"""The parent process: one worker per core, each with its own listener, over one shared model."""

import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import NoReturn

from modelwharf.serving.limits import SHUTDOWN_SECONDS

LOG = logging.getLogger("inference")
ENDING = (signal.SIGTERM, signal.SIGINT)
HEEDED = {*ENDING, signal.SIGCHLD}
FIRST_PAUSE = 0.1  # seconds before a dead worker is replaced; doubles each time
LONGEST_PAUSE = 10.0
SETTLED = 30.0  # seconds; a worker that lived longer restarts the pauses
GRACE = SHUTDOWN_SECONDS + 3  # seconds from SIGTERM to SIGKILL


@dataclass
class Slot:
    """A listener and its worker. ``pid`` 0: no worker runs, and one is started at ``due``."""

    listener: socket.socket
    pid: int = 0
    since: float = 0.0
    due: float = 0.0
    pause: float = FIRST_PAUSE


class Workers:
    """Forks the workers and replaces dead ones until it is told to end.

    ``serve`` runs in each worker, with its listener and a file descriptor that reaches its end once
    the parent is gone. It begins with the signals in ENDING blocked, unblocks them when it can
    handle them, and returns when the worker is to end. The parent keeps the listener of a dead
    worker open: the next worker takes the connections that wait there.
    """

    def __init__(
        self, listeners: Sequence[socket.socket], serve: Callable[[socket.socket, int], None]
    ) -> None:
        self._slots = [Slot(listener) for listener in listeners]
        self._serve = serve
        self._alive, self._held = os.pipe()  # only the parent keeps the write end
        self._kept: set[signal.Signals] = set()

    def run(self) -> int:
        """Run the workers and return the exit code: 0 after SIGTERM or SIGINT."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, HEEDED)
        self._kept = {signal.Signals(number) for number in before}
        ended = None
        while ended is None:
            for slot in self._slots:
                if not slot.pid and slot.due <= monotonic():
                    self._fork(slot)
            ended = self._wait()
            for pid, status in _collect():
                for slot in self._slots:
                    if slot.pid == pid:
                        self._restart_later(slot, os.waitstatus_to_exitcode(status))
        self._end()
        return 0

    def _wait(self) -> signal.Signals | None:
        """Wait for an event. Returns the signal to end, or None when a worker died or a slot is
        due.
        """
        due = [slot.due for slot in self._slots if not slot.pid]
        patience = max(0.0, min(due) - monotonic()) if due else 3600.0
        got = signal.sigtimedwait(HEEDED, patience)
        return signal.Signals(got.si_signo) if got and got.si_signo in ENDING else None

    def _fork(self, slot: Slot) -> None:
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            self._become_worker(slot)
        slot.pid, slot.since = pid, monotonic()

    def _become_worker(self, slot: Slot) -> NoReturn:
        code = 1
        try:
            os.close(self._held)
            for other in self._slots:
                if other is not slot:
                    other.listener.close()
            # The signals in ENDING stay blocked until the server can handle them: before, they
            # could interrupt anything.
            signal.pthread_sigmask(signal.SIG_SETMASK, self._kept | {*ENDING})
            self._serve(slot.listener, self._alive)
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except BaseException:
            LOG.exception("a worker failed")
        finally:
            sys.stdout.flush()
            os._exit(code)  # skips the parent's clean-up

    def _restart_later(self, slot: Slot, code: int) -> None:
        now = monotonic()
        if now - slot.since > SETTLED:
            slot.pause = FIRST_PAUSE
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        LOG.error("worker %d %s; the next starts in %.1f s", slot.pid, how, slot.pause)
        slot.pid, slot.due = 0, now + slot.pause
        slot.pause = min(2 * slot.pause, LONGEST_PAUSE)

    def _end(self) -> None:
        """Send SIGTERM to the workers, wait for them, and kill those that do not end."""
        running = {slot.pid for slot in self._slots if slot.pid}
        _signal(running, signal.SIGTERM)
        for slot in self._slots:
            slot.listener.close()
        deadline = monotonic() + GRACE
        while running and (left := deadline - monotonic()) > 0:
            signal.sigtimedwait({signal.SIGCHLD}, left)
            running -= {pid for pid, _ in _collect()}
        if running:
            LOG.error("%d workers did not end within %d s and are killed", len(running), GRACE)
            _signal(running, signal.SIGKILL)
            for pid in running:
                os.waitpid(pid, 0)


def _signal(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        os.kill(pid, number)  # not reaped yet, so the pid is still the worker's


def _collect() -> Iterator[tuple[int, int]]:
    """Yield the dead processes and their statuses: the first process of a container also gets
    orphans.
    """
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        yield pid, status
