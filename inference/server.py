"""One worker: uvicorn's server with our protocol, and an end that loses nothing."""

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

from inference.app import App
from inference.asgi import Application
from inference.http_protocol import Front, Protocol
from inference.journal import Journal, JournalHandler
from inference.limits import CONNECTIONS, IDLE_SECONDS, LINGER_SECONDS, SHUTDOWN_SECONDS
from inference.loading import Loading
from inference.served import Served

LOG = logging.getLogger("inference")
ENDING = (signal.SIGTERM, signal.SIGINT)
TICK = 0.1  # seconds
SPARE_FILES = 64  # files that the process needs besides connections
ACCEPTING = 0.1  # seconds in which handshakes that were under way come to their end
CUT_OFF_SECONDS = 1  # in which those that are cut off are told so

_SO_ATTACH_FILTER = 26  # Linux; Python has no name for it
# Classic BPF on a TCP header: drop packets with SYN set, that is, new connections.
_DROP_SYN = (
    (0x30, 0, 0, 13),  # load the byte of flags
    (0x45, 0, 1, 0x02),  # if SYN is set go on, else skip one
    (0x06, 0, 0, 0),  # drop
    (0x06, 0, 0, 0xFFFFFFFF),  # keep
)


class Server(Uvicorn):
    """Ends on SIGTERM or SIGINT, or when ``end`` is called.

    The end: no new connections; those that the kernel has taken are answered; connections kept
    alive may ask once more within LINGER_SECONDS and are told that this is the last answer;
    what is not done after SHUTDOWN_SECONDS is answered with 503.

    ``lobby``: others will listen where this one did, and each connection has one answer.
    """

    def __init__(self, app: Application, *, lobby: bool = False, alive: int | None = None) -> None:
        self.front = Front(app, connections=_connections())
        self.front.ending = lobby
        self._lobby = lobby
        self._alive = alive
        config = Config(
            app,
            http=cast(Any, partial(Protocol, self.front)),
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
        """Heed SIGTERM and SIGINT. Once one came, another changes nothing: raised again after
        the end, as uvicorn does, a second one would strike in the middle of the tidying up.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in ENDING}
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)  # Workers fork with them blocked
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, signal.SIG_IGN if self.told_to_end else handler)

    @property
    def told_to_end(self) -> bool:
        """Whether a signal came."""
        return bool(self._captured_signals)

    def end(self) -> None:
        """End gracefully; may be called from any thread, also before the server runs."""
        self.should_exit = True
        if self._loop is not None and self._wake is not None:
            with suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._wake.set)

    async def main_loop(self) -> None:
        """Until the end is asked for."""
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
        self.front.journal.flush()
        self.front.annex.tidy()
        now = perf_counter_ns()
        for connection in list(self.server_state.connections):
            cast(Protocol, connection).check_time(now)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what was accepted, and close."""
        self.front.ending = True
        listeners = sockets or []
        if not self._lobby:
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
        self.front.journal.close()

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
            if self._lobby or passed >= LINGER_SECONDS:
                for connection in list(connections):
                    if cast(Protocol, connection).idle():
                        connection.transport.close()
            await asyncio.sleep(TICK / 10)


def run(app: Application, listener: socket.socket, *, alive: int | None = None) -> None:
    """Serve until SIGTERM or SIGINT.

    ``alive``: a file that can be read to its end once the parent of this worker is gone; then
    the worker ends too.
    """
    with _told_through(app.journal):
        Server(app, alive=alive).run(sockets=[listener])


@contextmanager
def _told_through(journal: Journal) -> Iterator[None]:
    """What the server says of itself goes the access log's way: written by the event loop, it
    would hold up every request for as long as nobody reads the log.
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
    """The loaded model. Until it is there, whoever asks is told that it is loading.

    Raises what loading it raised, and SystemExit when a signal came first.
    """
    lobby = Server(App(), lobby=True)
    loading.then(lobby.end)
    lobby.run(sockets=[listener.dup() for listener in listeners])
    if lobby.told_to_end:
        sys.exit(0)
    return loading.result()


def _take_no_more(listener: socket.socket) -> None:
    """Let the kernel begin no new connection, where it can be told (Linux).

    To close at once would reset connections that it has accepted and we have not.
    """
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in _DROP_SYN))
    program = struct.pack("HL", len(_DROP_SYN), ctypes.addressof(code))
    with suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)


def _connections() -> int:
    """As many as there may be open files."""
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * CONNECTIONS + SPARE_FILES
    if files != resource.RLIM_INFINITY and files < wanted:
        files = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
    return CONNECTIONS if files == resource.RLIM_INFINITY else min(CONNECTIONS, files // 2)
