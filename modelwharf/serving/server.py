"""One worker: a listener, an event loop, and a graceful end."""

import asyncio
import ctypes
import logging
import resource
import signal
import socket
import struct
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from time import perf_counter_ns
from types import FrameType

import uvloop

from modelwharf.serving.app import App
from modelwharf.serving.application import Application
from modelwharf.serving.http_protocol import Protocol
from modelwharf.serving.journal import Journal, JournalHandler
from modelwharf.serving.limits import BACKLOG, CONNECTIONS, LINGER_SECONDS, SHUTDOWN_SECONDS
from modelwharf.serving.loading import Loading
from modelwharf.serving.served import Served
from modelwharf.serving.worker_state import WorkerState

LOG = logging.getLogger("inference")
ENDING = (signal.SIGTERM, signal.SIGINT)
SECOND = 1.0  # between two looks at the time limits
TICK = 0.01  # seconds between two looks at what is left at the end
SPARE_FILES = 64  # files that the process needs besides connections
ACCEPTING = 0.1  # seconds for handshakes in progress to complete
CUT_OFF_SECONDS = 1  # seconds to send a 503 to requests that are cut off

_SO_ATTACH_FILTER = 26  # Linux; Python has no name for it
# Classic BPF on a TCP header: drop packets with SYN set, which open new connections.
_DROP_SYN = (
    (0x30, 0, 0, 13),  # load the byte of flags
    (0x45, 0, 1, 0x02),  # if SYN is set continue, else skip one
    (0x06, 0, 0, 0),  # drop
    (0x06, 0, 0, 0xFFFFFFFF),  # keep
)


class Server:
    """Serves until SIGTERM or SIGINT, or until ``end`` is called.

    The end: no new connections; those that the kernel has accepted are answered; connections kept
    alive may send one more request within LINGER_SECONDS and are told that its response is the
    last; requests not done after SHUTDOWN_SECONDS are answered with 503.

    ``placeholder``: another server will use the same listeners, and each connection gets one
    response.
    """

    def __init__(
        self, app: Application, *, placeholder: bool = False, alive: int | None = None
    ) -> None:
        self.worker = WorkerState(app, most=_connections())
        self.worker.ending = placeholder
        self.told_to_end = False
        """Whether a signal to end was received."""
        self.cuts_off = False
        """Whether the end waits for nobody."""
        self._placeholder = placeholder
        self._alive = alive
        self._ends = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()

    def run(self, listeners: Sequence[socket.socket]) -> None:
        """Serve until the end, and close the listeners."""
        with self._signals(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve(listeners))

    def end(self) -> None:
        """End gracefully. May be called from any thread, also before the server runs."""
        self._ends = True
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended already
                self._loop.call_soon_threadsafe(self._wake.set)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Handle SIGTERM and SIGINT. After the end they change nothing: a second one would
        interrupt the clean-up.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._told) for number in ENDING}
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)  # workers start with them blocked
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, signal.SIG_IGN if self.told_to_end else handler)

    def _told(self, number: int, frame: FrameType | None) -> None:
        if self.told_to_end and number == signal.SIGINT:  # Control-C once more
            self.cuts_off = True
        self.told_to_end = True
        self.end()

    async def _serve(self, listeners: Sequence[socket.socket]) -> None:
        self._loop = loop = asyncio.get_running_loop()
        connection = partial(Protocol, self.worker)
        servers = [
            await loop.create_server(connection, sock=listener, backlog=BACKLOG)
            for listener in listeners
        ]
        if self._alive is not None:
            loop.add_reader(self._alive, self._orphaned, loop, self._alive)
        while not self._ends:
            self._each_second()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), SECOND)
        self.worker.ending = True
        if not self._placeholder:
            for listener in listeners:
                _take_no_more(listener)
            await asyncio.sleep(ACCEPTING)
        for server in servers:
            server.close()
        for listener in listeners:
            listener.close()
        await self._finish(loop)
        self.worker.journal.close()

    def _orphaned(self, loop: asyncio.AbstractEventLoop, alive: int) -> None:
        loop.remove_reader(alive)
        LOG.error("the parent is gone; this worker ends")
        self.end()

    def _each_second(self) -> None:
        self.worker.tell_time()
        self.worker.journal.flush()
        self.worker.pool.tidy()
        now = perf_counter_ns()
        for connection in list(self.worker.connections):
            connection.check_time(now)

    async def _finish(self, loop: asyncio.AbstractEventLoop) -> None:
        """Answer the accepted requests, and close the connections."""
        begun = loop.time()
        connections, tasks = self.worker.connections, self.worker.tasks
        for connection in list(connections):
            connection.shutdown()
        while connections and not self.cuts_off:
            passed = loop.time() - begun
            if passed > SHUTDOWN_SECONDS - CUT_OFF_SECONDS:
                LOG.warning("%d connections are cut off", len(connections))
                break
            if self._placeholder or passed >= LINGER_SECONDS:
                for connection in list(connections):
                    if connection.idle():
                        connection.transport.close()
            await asyncio.sleep(TICK)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(list(tasks), timeout=CUT_OFF_SECONDS)
        for connection in list(connections):
            connection.transport.close()


def run(app: Application, listener: socket.socket, *, alive: int | None = None) -> None:
    """Serve until SIGTERM or SIGINT.

    ``alive``: a file descriptor that reaches its end once the parent of this worker is gone; the
    worker then ends too.
    """
    with _told_through(app.journal):
        Server(app, alive=alive).run([listener])


@contextmanager
def _told_through(journal: Journal) -> Iterator[None]:
    """Write the server's own log records in the access log's thread.

    Written by the event loop, they would block every request while the log is not read.
    """
    root = logging.getLogger()
    before = root.handlers[:]
    if before:
        handler = JournalHandler(journal)
        handler.setFormatter(before[0].formatter)
        root.handlers[:] = [handler]
    try:
        yield
    finally:
        root.handlers[:] = before


def wait_for(loading: Loading, listeners: Sequence[socket.socket]) -> Served:
    """Wait for the loaded model and return it. Until then, a server without a model reports that it
    is loading.

    Raises what the loading raised, and SystemExit when a signal came first.
    """
    placeholder = Server(App(), placeholder=True)
    loading.then(placeholder.end)
    placeholder.run([listener.dup() for listener in listeners])
    if placeholder.told_to_end:
        sys.exit(0)
    return loading.result()


def _take_no_more(listener: socket.socket) -> None:
    """Let the kernel refuse new connections, where it can (Linux).

    Closing the listener at once would reset connections that the kernel has accepted and we have
    not.
    """
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in _DROP_SYN))
    program = struct.pack("HL", len(_DROP_SYN), ctypes.addressof(code))
    with suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)


def _connections() -> int:
    """Return the number of connections that the limit on open files allows."""
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * CONNECTIONS + SPARE_FILES
    if files != resource.RLIM_INFINITY and files < wanted:
        files = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
    return CONNECTIONS if files == resource.RLIM_INFINITY else min(CONNECTIONS, files // 2)
