"""HTTP on a connection: pings and small invocations are answered on a fast path.

A task costs more than most requests: their body is small and arrived with the head, and the
response takes microseconds. Such a request is answered inside the parser's last callback, with one
write. All other requests get a task, which awaits the application: docs/decisions/0120.
"""

import logging
from enum import Enum, auto
from http import HTTPStatus
from time import perf_counter_ns

from modelwharf.serving.application import INTERNAL_ERROR
from modelwharf.serving.connection import Connection
from modelwharf.serving.head_cache import KNOWN_HEAD, RequestHead
from modelwharf.serving.invocation import custom_attributes
from modelwharf.serving.journal import NO_STEPS, REQUEST_ID, Steps, path_text
from modelwharf.serving.limits import HEAD_LIMIT, HEADERS_LIMIT, INLINE_BODIES, INLINE_BODY
from modelwharf.serving.micro_batch import PendingRequest
from modelwharf.serving.refusal import Headers, Refusal
from modelwharf.serving.request import Body, Request
from modelwharf.serving.response import error_response
from modelwharf.serving.thread_pool import busy
from modelwharf.serving.timed_exchange import TimedExchange

LOG = logging.getLogger("inference")
_INVOCATIONS = path_text("/invocations")
_END_OF_HEAD = b"\r\n\r\n"
_PING = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n"


class Dispatch(Enum):
    """What answers a request."""

    APPLICATION = auto()
    """The application, in a task."""
    PING = auto()
    INVOCATION = auto()
    TOO_MANY = auto()
    """Refused: there are too many connections."""
    IGNORED = auto()
    """It came after the last answer of its connection."""


class Protocol(Connection):
    """One connection. Dispatches each request to the fast path or to the application."""

    # Of the current request.
    _dispatch = Dispatch.APPLICATION
    _timed: TimedExchange
    _found: dict[bytes, bytes]
    _head = b""  # if it came in one piece
    _behind = 0  # bytes after that head in the same piece
    _in_head = False
    _head_bytes = 0

    def data_received(self, data: bytes) -> None:
        if self._arriving:
            self._head_bytes += len(data)  # the piece with its first bytes is not counted
            self._head = b""
        elif self._again(data):
            return
        super().data_received(data)
        if self._arriving and self._head_bytes > HEAD_LIMIT:
            reason = "the headers, or what stands around the chunks, are too large"
            self._end(Refusal(reason, status=HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE))

    # --- the parser's callbacks

    def on_message_begin(self) -> None:
        self._answer_first()
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._chunks: list[bytes] = []
        self._in_head = self._arriving = True
        self._head_bytes = 0
        self._since = perf_counter_ns()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return  # a trailer after the chunks must not change the head
        if len(self._headers) >= HEADERS_LIMIT:
            raise ValueError("too many headers")  # httptools turns it into a 400
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self._found = dict(self._headers)
        self._dispatch = self._choose()
        if self._dispatch is Dispatch.APPLICATION:
            self._to_application()
        self._in_head = False

    def on_body(self, body: bytes) -> None:
        self._head_bytes = 0
        if self._dispatch is Dispatch.INVOCATION:
            self._chunks.append(body)
        elif self._request is not None and self._pending:  # it is not answered yet
            self._request.body.feed(body)
            self._adjust_reading()

    def on_message_complete(self) -> None:
        self._arriving = False
        match self._dispatch:
            case Dispatch.INVOCATION:
                chunks = self._chunks
                body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
                head = RequestHead(self._timed, self._found, len(body), self._keeps())
                if self._head and self._behind == head.length:  # the piece holds only this request
                    self._worker.heads.remember(self._head, head)
                self._invoke(head, body)
            case Dispatch.PING:
                self._worker.journal.ping(200)
                self._write(_PING, kept=self._keeps() and not self._worker.ending)
            case Dispatch.APPLICATION:
                if self._request is not None:
                    self._request.body.end()
                    self._request = None
            case Dispatch.TOO_MANY:
                self._end(busy("there are too many connections"))
            case Dispatch.IGNORED:
                pass

    # --- dispatch

    def _choose(self) -> Dispatch:
        if self.transport.is_closing():
            return Dispatch.IGNORED
        if self._pending:
            return Dispatch.APPLICATION  # responses keep the order of the requests
        if self._full:
            return Dispatch.TOO_MANY
        exchanges = self._worker.exchanges
        if exchanges is None or self._parser.should_upgrade():
            return Dispatch.APPLICATION
        found = self._found
        method = self._parser.get_method()
        length = found.get(b"content-length")
        if method == b"POST" and self._url == b"/invocations":
            if length is None or b"expect" in found or b"content-encoding" in found:
                return Dispatch.APPLICATION
            if int(length) > min(INLINE_BODY, INLINE_BODIES // len(self._worker.connections)):
                return Dispatch.APPLICATION
            if len(found) != len(self._headers):
                return Dispatch.APPLICATION  # a header came in several lines
            try:
                timed = exchanges.find(found.get(b"content-type", b""), found.get(b"accept", b""))
            except Refusal:
                return Dispatch.APPLICATION  # the application says why
            self._timed = timed
            return Dispatch.INVOCATION if timed.quick(int(length)) else Dispatch.APPLICATION
        if method == b"GET" and self._url == b"/ping" and length is None:
            return Dispatch.APPLICATION if b"transfer-encoding" in found else Dispatch.PING
        return Dispatch.APPLICATION

    def _again(self, data: bytes) -> bool:
        """Answer a whole request whose head is cached, without parsing it. Returns False otherwise.

        The parser is between two requests before and after the call.
        """
        end = data.find(_END_OF_HEAD, 0, KNOWN_HEAD) + len(_END_OF_HEAD)
        self._head = data[:end]
        self._behind = len(data) - end
        head = self._worker.known(self._head)
        if (
            head is None
            or self._behind != head.length
            or self._full
            or self._pending
            or self.transport.is_closing()
            or not head.timed.quick(head.length)
        ):
            return False
        self._answer_first()
        self._since = perf_counter_ns()
        self._invoke(head, data[end:])
        return True

    def _to_application(self) -> None:
        method, body = self._parser.get_method(), Body(self._want_body)
        # After an upgrade request the parser reads nothing more.
        kept = self._keeps() and not self._worker.ending and not self._parser.should_upgrade()
        request = Request.of(method, self._url, self._headers, body, kept)
        self._request = request
        self._enqueue(request)

    def _keeps(self) -> bool:
        """Whether the client wants to keep the connection."""
        if self._parser.get_http_version() == "1.0":
            return False  # it would need a connection header in the response
        return bool(self._parser.should_keep_alive())

    # --- the fast path

    def _invoke(self, head: RequestHead, body: bytes) -> None:
        timed, found, size, kept = head
        worker = self._worker
        request_id = worker.journal.request_id(found)
        begun = perf_counter_ns()
        try:
            extra = custom_attributes(found)
            asked = timed.exchange.parse(body)
        except Refusal as refusal:
            status, reason, extra = refusal.status, refusal.reason, refusal.headers
        except Exception:
            LOG.exception("POST /invocations failed")
            status, reason, extra = 500, INTERNAL_ERROR, ()
        else:
            parse = perf_counter_ns() - begun
            self._waits = True
            worker.batch.add(
                PendingRequest(
                    self, timed, asked, request_id, found, extra, size, self._since, parse, kept
                ),
                self._loop.call_soon,
            )
            return
        timed.took(size, perf_counter_ns() - begun)
        one = PendingRequest(self, timed, None, request_id, found, (), size, self._since, 0, kept)
        self.refuse(one, status, reason, extra)

    def answer(self, one: PendingRequest, content: bytes, predict: int, write: int) -> None:
        """Send the response to a request that waited. ``predict``, ``write``: nanoseconds."""
        rows, steps = one.timed.exchange.rows(one.asked), (0, one.parse, predict, write)
        self._answered(one, 200, one.timed.head, content, one.extra, rows, steps)

    def refuse(self, one: PendingRequest, status: int, reason: str, headers: Headers = ()) -> None:
        """Send an error to a request, which may have waited in the micro batch."""
        response = error_response(status, reason)
        self._answered(one, status, response.head, response.body, headers)

    def _answered(
        self,
        one: PendingRequest,
        status: int,
        head: bytes,
        content: bytes,
        headers: Headers,
        rows: int = 0,
        steps: Steps = NO_STEPS,
    ) -> None:
        self._waits = False
        if self.transport.is_closing():
            return
        size = len(content)
        lines = b"%b%d\r\n%b: %b\r\n" % (head, size, REQUEST_ID, one.request_id)
        if headers:
            lines += b"".join(b"%b: %b\r\n" % header for header in headers)
        self._write(lines, content, kept=one.kept and not self._worker.ending)
        total = self._since - one.since
        self._worker.journal.note(
            status, "POST", _INVOCATIONS, one.request_id,
            one.found, one.size, size, rows, steps, total,
        )  # fmt: skip
