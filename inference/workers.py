"""The parent: one worker a core, each with a listener of its own, over one model in memory."""

import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import NoReturn

from inference.limits import SHUTDOWN_SECONDS

LOG = logging.getLogger("inference")
ENDING = (signal.SIGTERM, signal.SIGINT)
HEEDED = {*ENDING, signal.SIGCHLD}
FIRST_PAUSE = 0.1  # seconds before a dead worker's place is taken; each time twice as long
LONGEST_PAUSE = 10.0
SETTLED = 30.0  # seconds after which a worker's death is taken for its first
GRACE = SHUTDOWN_SECONDS + 3  # seconds from SIGTERM to SIGKILL


@dataclass
class Place:
    """A listener, and who serves it. ``pid`` 0: nobody; somebody will at ``due``."""

    listener: socket.socket
    pid: int = 0
    since: float = 0.0
    due: float = 0.0
    pause: float = FIRST_PAUSE


class Workers:
    """Forks the workers and keeps them alive until it is told to end.

    ``serve`` runs in each, with its listener and a file that can be read to its end once the
    parent is gone; it begins with the signals in ENDING blocked, unblocks them when it heeds them,
    and returns when the worker is to end. A listener stays open here when its worker dies: the
    connections that wait there are the next one's.
    """

    def __init__(
        self, listeners: Sequence[socket.socket], serve: Callable[[socket.socket, int], None]
    ) -> None:
        self._places = [Place(listener) for listener in listeners]
        self._serve = serve
        self._alive, self._held = os.pipe()  # only the parent keeps the end to write to
        self._kept: set[signal.Signals] = set()

    def run(self) -> int:
        """The exit code: 0 after SIGTERM or SIGINT."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, HEEDED)
        self._kept = {signal.Signals(number) for number in before}
        ended = None
        while ended is None:
            for place in self._places:
                if not place.pid and place.due <= monotonic():
                    self._fork(place)
            ended = self._wait()
            for pid, status in _collect():
                for place in self._places:
                    if place.pid == pid:
                        self._bury(place, os.waitstatus_to_exitcode(status))
        self._end()
        return 0

    def _wait(self) -> signal.Signals | None:
        """The signal to end, once it came; None when a worker died or a place is due."""
        due = [place.due for place in self._places if not place.pid]
        patience = max(0.0, min(due) - monotonic()) if due else 3600.0
        got = signal.sigtimedwait(HEEDED, patience)
        return signal.Signals(got.si_signo) if got and got.si_signo in ENDING else None

    def _fork(self, place: Place) -> None:
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            self._become_worker(place)
        place.pid, place.since = pid, monotonic()

    def _become_worker(self, place: Place) -> NoReturn:
        code = 1
        try:
            os.close(self._held)
            for other in self._places:
                if other is not place:
                    other.listener.close()
            # Those that end it, the server heeds once it can: before, they would strike anywhere.
            signal.pthread_sigmask(signal.SIG_SETMASK, self._kept | {*ENDING})
            self._serve(place.listener, self._alive)
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except BaseException:
            LOG.exception("a worker failed")
        finally:
            sys.stdout.flush()
            os._exit(code)  # the parent's own clean-up is not this process's

    def _bury(self, place: Place, code: int) -> None:
        now = monotonic()
        if now - place.since > SETTLED:
            place.pause = FIRST_PAUSE
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        LOG.error("worker %d %s; the next starts in %.1f s", place.pid, how, place.pause)
        place.pid, place.due = 0, now + place.pause
        place.pause = min(2 * place.pause, LONGEST_PAUSE)

    def _end(self) -> None:
        """Tell the workers, wait for them, and kill those that do not end."""
        running = {place.pid for place in self._places if place.pid}
        _signal(running, signal.SIGTERM)
        for place in self._places:
            place.listener.close()
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
        os.kill(pid, number)  # none is reaped yet, so the numbers are still theirs


def _collect() -> Iterator[tuple[int, int]]:
    """The dead and their statuses: as the first process of a container, also those of others."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        yield pid, status
