"""One connection: uvicorn's HTTP protocol with limits on size and time."""

import asyncio
from enum import Enum, auto
from http import HTTPStatus
from time import perf_counter_ns
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from modelwharf.serving.error_response import error_response
from modelwharf.serving.journal import REQUEST_ID, path_text
from modelwharf.serving.limits import (
    IDLE_SECONDS,
    REQUEST_SECONDS,
    RETRY_SECONDS,
    UNREAD_SECONDS,
)
from modelwharf.serving.refusal import Headers
from modelwharf.serving.timed_exchange import TimedExchange
from modelwharf.serving.worker_state import WorkerState

SECOND = 1_000_000_000  # nanoseconds
_NONE: Any = None  # for a request whose head is incomplete


class Dispatch(Enum):
    """What answers a request."""

    APPLICATION = auto()
    """To the ASGI application, in its own task."""
    PING = auto()
    INVOCATION = auto()
    TOO_MANY = auto()
    """Refused: there are too many connections."""
    IGNORED = auto()
    """It came after the last answer of its connection."""


class Connection(HttpToolsProtocol):
    """Opens and closes a connection, and refuses requests that are too long or too slow."""

    def __init__(
        self,
        worker: WorkerState,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._worker = worker
        self._dispatch = Dispatch.APPLICATION
        self._timed: TimedExchange = _NONE
        self._found: dict[bytes, bytes] = {}
        self._head = b""  # of the current request, if it came in one piece
        self._behind = 0  # bytes after that head in the same piece
        self._chunks: list[bytes] = []
        self._head_bytes = 0
        self._in_head = False
        self._arriving = False
        self._since = perf_counter_ns()  # when the current request, or the idle time, began
        self._unread_since = 0  # since when the client does not read; 0: it reads
        self._full = False
        self._waits = False  # a request waits in the micro batch

    # --- asyncio's callbacks

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._full = len(self.connections) > self._worker.connections
        if len(self.connections) > 2 * self._worker.connections:
            transport.abort()

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Handle a half-closed connection: a client that sends no more may still read its
        responses.
        """
        self._answer_first()
        if self._in_application() and not self._arriving:
            self.cycle.keep_alive = False
            return True
        return None

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread_since = perf_counter_ns()
        self.flow.pause_reading()  # a client that never reads would fill the memory with responses

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unread_since = 0
        if not self._in_application():
            self.flow.resume_reading()

    # --- responses

    def _in_application(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _answer_first(self) -> None:
        """Send the waiting responses first: responses keep the order of the requests."""
        if self._waits:
            self._worker.batch.answer()

    def _write(self, head: bytes, content: bytes = b"", *, kept: bool) -> None:
        """Send a response in one piece. Keep the connection if both sides want that."""
        worker = self._worker
        kept = kept and not worker.ending
        common = worker.lines(self.server_state.default_headers)
        if kept:
            self.transport.write(b"%b%b\r\n%b" % (head, common, content))
        else:
            self.transport.write(b"%b%bconnection: close\r\n\r\n%b" % (head, common, content))
            self.transport.close()
        self._since = perf_counter_ns()

    def _end(self, status: HTTPStatus, reason: str, headers: Headers = ()) -> None:
        """Send an error, ignore the rest of the request, and close."""
        self._answer_first()
        if self.transport.is_closing():
            return
        if (
            self.pipeline
            or (self._in_application() and self.cycle.response_started)
            or self._sends_on()
        ):
            self.transport.close()  # this response would take the place of another
            return
        head, content = error_response(status, reason)
        worker = self._worker
        request_id = worker.journal.request_id({})
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            headers = (*headers, (b"retry-after", str(RETRY_SECONDS).encode()))
        since, size = self._since, len(content)
        lines = b"".join(b"%b: %b\r\n" % one for one in (*headers, (REQUEST_ID, request_id)))
        self._write(b"%b%d\r\n%b" % (head, size, lines), content, kept=False)
        total = self._since - since
        worker.journal.note(status, "-", path_text("-"), request_id, {}, 0, size, total=total)

    def send_400_response(self, msg: str) -> None:
        """Refuse a request that cannot be parsed. Called by uvicorn."""
        if self._in_application() and not self.cycle.more_body:
            # The request before it was valid, and its response is the last.
            self.cycle.keep_alive = False
            self.flow.pause_reading()
        else:
            self._end(HTTPStatus.BAD_REQUEST, "this is not a request of HTTP/1.1")

    # --- time limits and the end

    def check_time(self, now: int) -> None:
        """Close the connection when it takes too long. Called about once a second. ``now``:
        perf_counter_ns.
        """
        if self._unread_since and now - self._unread_since > UNREAD_SECONDS * SECOND:
            self.transport.abort()
        elif self._in_application():
            pass  # the application has its own time limits
        elif self._arriving:
            if now - self._since > REQUEST_SECONDS * SECOND:
                self._give_up()
        elif now - self._since > IDLE_SECONDS * SECOND:
            self.transport.close()

    def _give_up(self) -> None:
        reason = f"the request was not there within {REQUEST_SECONDS} s"
        self._end(HTTPStatus.REQUEST_TIMEOUT, reason)

    def _sends_on(self) -> bool:
        """Whether the rest of a request that was already answered is still arriving."""
        return (
            self._arriving
            and not self._in_head
            and self._dispatch is Dispatch.APPLICATION
            and not self._in_application()
        )

    def idle(self) -> bool:
        """Whether the connection has no unanswered request, not even a part of one."""
        return not (self._arriving or self._waits or self._in_application() or self.pipeline)

    def shutdown(self) -> None:
        """Answer the received requests. The connection ends with its next response."""
        if self._in_application():
            self.cycle.keep_alive = False

    def on_response_complete(self) -> None:
        """Called by uvicorn's cycle, also for the application's responses."""
        self._since = perf_counter_ns()
        super().on_response_complete()
