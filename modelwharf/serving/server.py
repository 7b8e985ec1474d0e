"""One worker: uvicorn's server with our protocol and a graceful end."""

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
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.server import Server as Uvicorn

from modelwharf.serving.app import App
from modelwharf.serving.asgi import Application
from modelwharf.serving.http_protocol import Protocol
from modelwharf.serving.journal import Journal, JournalHandler
from modelwharf.serving.limits import CONNECTIONS, IDLE_SECONDS, LINGER_SECONDS, SHUTDOWN_SECONDS
from modelwharf.serving.loading import Loading
from modelwharf.serving.served import Served
from modelwharf.serving.worker_state import WorkerState

LOG = logging.getLogger("inference")
ENDING = (signal.SIGTERM, signal.SIGINT)
TICK = 0.1  # seconds
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


class Server(Uvicorn):
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
        self.worker = WorkerState(app, connections=_connections())
        self.worker.ending = placeholder
        self._placeholder = placeholder
        self._alive = alive
        config = Config(
            app,
            http=cast(Any, partial(Protocol, self.worker)),
            loop="uvloop",
            ws="none",
            log_config=None,
            log_level="error",
            access_log=False,
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=IDLE_SECONDS,
        )
        super().__init__(config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle SIGTERM and SIGINT. After the first signal, another changes nothing.

        uvicorn raises the signals again after the end, where a second one would interrupt the
        clean-up.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in ENDING}
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)  # workers start with them blocked
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, signal.SIG_IGN if self.told_to_end else handler)

    @property
    def told_to_end(self) -> bool:
        """Whether a signal to end was received."""
        return bool(self._captured_signals)

    def end(self) -> None:
        """End gracefully. May be called from any thread, also before the server runs."""
        self.should_exit = True
        if self._loop is not None and self._wake is not None:
            with suppress(RuntimeError):  # the loop has ended already
                self._loop.call_soon_threadsafe(self._wake.set)

    async def main_loop(self) -> None:
        """Run until the end is requested."""
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        if self._alive is not None:
            self._loop.add_reader(self._alive, self._orphaned, self._loop, self._alive)
        counter = 0
        while not await self.on_tick(counter):
            if counter % 10 == 0:
                self._each_second()
            counter += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), TICK)

    def _orphaned(self, loop: asyncio.AbstractEventLoop, alive: int) -> None:
        loop.remove_reader(alive)
        LOG.error("the parent is gone; this worker ends")
        self.end()

    def _each_second(self) -> None:
        self.worker.journal.flush()
        self.worker.pool.tidy()
        now = perf_counter_ns()
        for connection in list(self.server_state.connections):
            cast(Protocol, connection).check_time(now)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer the accepted requests, and close."""
        self.worker.ending = True
        listeners = sockets or []
        if not self._placeholder:
            for listener in listeners:
                _take_no_more(listener)
            await asyncio.sleep(ACCEPTING)
        for server in self.servers:
            server.close()
        for listener in listeners:
            listener.close()
        await self._finish()
        for task in self.server_state.tasks:
            task.cancel()
        if self.server_state.tasks:
            await asyncio.wait(list(self.server_state.tasks), timeout=CUT_OFF_SECONDS)
        for connection in list(self.server_state.connections):
            connection.transport.close()
        self.worker.journal.close()

    async def _finish(self) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        connections = self.server_state.connections
        for connection in list(connections):
            connection.shutdown()
        while connections and not self.force_exit:
            passed = loop.time() - begun
            if passed > SHUTDOWN_SECONDS - CUT_OFF_SECONDS:
                LOG.warning("%d connections are cut off", len(connections))
                break
            if self._placeholder or passed >= LINGER_SECONDS:
                for connection in list(connections):
                    if cast(Protocol, connection).idle():
                        connection.transport.close()
            await asyncio.sleep(TICK / 10)


def run(app: Application, listener: socket.socket, *, alive: int | None = None) -> None:
    """Serve until SIGTERM or SIGINT.

    ``alive``: a file descriptor that reaches its end once the parent of this worker is gone; the
    worker then ends too.
    """
    with _told_through(app.journal):
        Server(app, alive=alive).run(sockets=[listener])


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
    placeholder.run(sockets=[listener.dup() for listener in listeners])
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
