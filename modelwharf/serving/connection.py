"""One connection: its transport, the order of its responses, limits on size and time, its end."""

import asyncio
import logging
from collections import deque
from time import perf_counter_ns

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from modelwharf.serving.application import CLOSE, REQUEST_TIMEOUT
from modelwharf.serving.journal import REQUEST_ID, path_text
from modelwharf.serving.limits import (
    BUFFERED_BODY,
    IDLE_SECONDS,
    REQUEST_SECONDS,
    UNREAD_SECONDS,
)
from modelwharf.serving.refusal import Headers, Refusal
from modelwharf.serving.request import Request
from modelwharf.serving.response import error_response
from modelwharf.serving.worker_state import WorkerState

SECOND = 1_000_000_000  # nanoseconds
ONE_WRITE = 64 * 1024  # bytes of a body that is copied behind its head
LOG = logging.getLogger("inference")


class Connection(asyncio.Protocol):
    """Opens and closes a connection, answers the requests that need a task one after the other, and
    refuses requests that are too long or too slow.
    """

    transport: asyncio.Transport

    def __init__(self, worker: WorkerState) -> None:
        self._loop = asyncio.get_running_loop()
        self._worker = worker
        self._parser = HttpRequestParser(self)
        # Requests that came behind one with "Connection: close" are ignored, not refused.
        self._parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._pending: deque[Request] = deque()  # the first has a task, the others wait for it
        self._request: Request | None = None  # the one that arrives, if it gets a task
        self._arriving = False  # a part of a request is there
        self._since = perf_counter_ns()  # when the current request, or the idle time, began
        self._unread_since = 0  # since when the client does not read; 0: it reads
        self._read_again = asyncio.Event()
        self._reads = True
        self._full = False
        self._broken = False  # what follows the pending requests is refused
        self._waits = False  # a request waits in the micro batch

    # --- asyncio's callbacks

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
        connections = self._worker.connections
        connections.add(self)
        self._full = len(connections) > self._worker.most
        if len(connections) > 2 * self._worker.most:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._worker.connections.discard(self)
        self._read_again.set()
        for request in self._pending:
            request.body.abandon()
        # They hold this connection, and the garbage collector rarely runs.
        self._pending.clear()
        self._request = None
        del self._parser

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            pass  # the offer is not taken up
        except HttpParserError:
            self._end(Refusal("this is not a request of HTTP/1.1"))

    def eof_received(self) -> bool | None:
        """Handle a half-closed connection: a client that sends no more may still read its
        responses.
        """
        self._answer_first()
        if self._pending and not self._arriving:
            self._pending[-1].keep = False
            return True
        return None

    def pause_writing(self) -> None:
        self._unread_since = perf_counter_ns()
        self._read_again.clear()
        self._adjust_reading()

    def resume_writing(self) -> None:
        self._unread_since = 0
        self._read_again.set()
        self._adjust_reading()

    def _adjust_reading(self) -> None:
        """Read no more than is needed next, and nothing from a client that does not read: it would
        fill the memory with responses.
        """
        pending = self._pending
        reads = not (
            self._unread_since
            or self._broken
            or len(pending) > 1
            or (pending and pending[0].body.size > BUFFERED_BODY)
        )
        if reads != self._reads and not self.transport.is_closing():
            self._reads = reads
            if reads:
                self.transport.resume_reading()
            else:
                self.transport.pause_reading()

    # --- requests with a task

    def _enqueue(self, request: Request) -> None:
        self._pending.append(request)
        if len(self._pending) == 1:
            self._start()
        else:
            self._adjust_reading()

    def _want_body(self) -> None:
        """Let the rest of the first request's body come."""
        if self._pending and not self.transport.is_closing():
            if self._pending[0].asks_first:
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._adjust_reading()

    def _start(self) -> None:
        task = self._loop.create_task(self._respond(self._pending[0]))
        self._worker.tasks.add(task)
        task.add_done_callback(self._ended)

    async def _respond(self, request: Request) -> None:
        response = await self._worker.app.respond(request)
        if self._unread_since:
            await self._read_again.wait()
        if response is None or self.transport.is_closing():
            return
        self._pending.popleft()
        lines = self._lines(response.head, len(response.body), response.headers)
        kept = request.keep and CLOSE not in response.headers
        self._write(lines, b"" if request.method == "HEAD" else response.body, kept=kept)
        if kept and self._pending:
            self._start()
        self._adjust_reading()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._worker.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            LOG.error("a request failed", exc_info=error)
            self.transport.abort()

    # --- responses

    def _answer_first(self) -> None:
        """Send the waiting responses first: responses keep the order of the requests."""
        if self._waits:
            self._worker.batch.answer()

    def _lines(self, head: bytes, size: int, headers: Headers) -> bytes:
        """Return a head without its end. ``head`` ends where the value of content-length stands."""
        return b"%b%d\r\n%b" % (
            head,
            size,
            b"".join(b"%b: %b\r\n" % one for one in headers if one != CLOSE),
        )

    def _write(self, lines: bytes, content: bytes = b"", *, kept: bool) -> None:
        """Send a response in one piece, and close the connection if it is not kept."""
        end = b"\r\n" if kept else b"connection: close\r\n\r\n"
        if len(content) <= ONE_WRITE:
            self.transport.write(b"%b%b%b%b" % (lines, self._worker.date, end, content))
        else:
            self.transport.writelines((lines, self._worker.date, end, content))
        if not kept:
            self.transport.close()
        self._since = perf_counter_ns()

    def _end(self, refusal: Refusal) -> None:
        """Send an error, ignore the rest of the request, and close."""
        self._answer_first()
        if self.transport.is_closing():
            return
        if self._pending and self._pending[-1].body.complete:
            # The request before it was valid, and its response is the last.
            self._pending[-1].keep = False
            self._broken = True
            self._adjust_reading()
            return
        sends_on = self._request is not None and not self._pending  # it has its response
        if len(self._pending) > 1 or sends_on:
            self.transport.close()  # this response would take the place of another
            return
        response = error_response(refusal.status, refusal.reason, refusal.headers)
        journal = self._worker.journal
        request_id = journal.request_id({})
        since, size = self._since, len(response.body)
        headers = (*response.headers, (REQUEST_ID, request_id))
        self._write(self._lines(response.head, size, headers), response.body, kept=False)
        total = self._since - since
        journal.note(response.status, "-", path_text("-"), request_id, {}, 0, size, total=total)

    # --- time limits and the end

    def check_time(self, now: int) -> None:
        """Close the connection when it takes too long. Called about once a second. ``now``:
        perf_counter_ns.
        """
        if self._unread_since and now - self._unread_since > UNREAD_SECONDS * SECOND:
            self.transport.abort()
        elif self._pending:
            pass  # the application has its own time limits
        elif self._arriving:
            if now - self._since > REQUEST_SECONDS * SECOND:
                reason = f"the request was not there within {REQUEST_SECONDS} s"
                self._end(Refusal(reason, status=REQUEST_TIMEOUT))
        elif now - self._since > IDLE_SECONDS * SECOND:
            self.transport.close()

    def idle(self) -> bool:
        """Whether the connection has no unanswered request, not even a part of one."""
        return not (self._arriving or self._waits or self._pending)

    def shutdown(self) -> None:
        """Answer the received requests. The connection ends with its next response."""
        if self._pending:
            self._pending[-1].keep = False
