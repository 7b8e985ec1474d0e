"""uvicorn's HTTP protocol with a fast path: pings and small invocations are answered without ASGI.

An ASGI request costs a task, a scope and an event. Most requests need none of them: their body is
small and arrived with the head, and the response takes microseconds. Such a request is answered
inside the parser's last callback, with one write. All other requests go to the ASGI application, as
in uvicorn: docs/decisions/0017.
"""

import asyncio
import logging
from http import HTTPStatus
from time import perf_counter_ns
from typing import cast

from modelwharf.serving.asgi import INTERNAL_ERROR
from modelwharf.serving.connection import Connection, Dispatch
from modelwharf.serving.error_response import error_response
from modelwharf.serving.head_cache import KNOWN_HEAD, RequestHead
from modelwharf.serving.invocation import custom_attributes
from modelwharf.serving.journal import REQUEST_ID, path_text
from modelwharf.serving.limits import HEAD_LIMIT, HEADERS_LIMIT, INLINE_BODIES, INLINE_BODY
from modelwharf.serving.micro_batch import PendingRequest
from modelwharf.serving.refusal import Headers, Refusal
from modelwharf.serving.single_write import SingleWrite

LOG = logging.getLogger("inference")
_INVOCATIONS = path_text("/invocations")
_END_OF_HEAD = b"\r\n\r\n"


class Protocol(Connection):
    """One connection. Dispatches each request to the fast path or to the application."""

    def data_received(self, data: bytes) -> None:
        if self._arriving:
            self._head_bytes += len(data)  # the piece with its first bytes is not counted
            self._head = b""
        elif self._again(data):
            return
        super().data_received(data)
        if self._arriving and self._head_bytes > HEAD_LIMIT:
            reason = "the headers, or what stands around the chunks, are too large"
            self._end(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, reason)

    # --- the parser's callbacks

    def on_message_begin(self) -> None:
        self._answer_first()
        self.url = b""
        self.expect_100_continue = False
        self.headers = []
        self._chunks = []
        self._in_head = self._arriving = True
        self._head_bytes = 0
        self._since = perf_counter_ns()

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return  # a trailer after the chunks must not change the head
        if len(self.headers) >= HEADERS_LIMIT:
            raise ValueError("too many headers")  # httptools turns it into a 400
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._dispatch = self._choose()
        if self._dispatch is Dispatch.APPLICATION:
            self._to_application()
        self._in_head = False

    def on_body(self, body: bytes) -> None:
        self._head_bytes = 0
        if self._dispatch is Dispatch.APPLICATION:
            super().on_body(body)
        elif self._dispatch is Dispatch.INVOCATION:
            self._chunks.append(body)

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
                self.server_state.total_requests += 1
                self._worker.journal.ping(200)
                self._write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n", kept=self._keeps())
            case Dispatch.APPLICATION:
                super().on_message_complete()
            case Dispatch.TOO_MANY:
                self._end(HTTPStatus.SERVICE_UNAVAILABLE, "there are too many connections")
            case Dispatch.IGNORED:
                pass

    # --- dispatch

    def _choose(self) -> Dispatch:
        if self.transport.is_closing():
            return Dispatch.IGNORED
        if self._in_application():
            return Dispatch.APPLICATION  # responses keep the order of the requests
        if self._full:
            return Dispatch.TOO_MANY
        exchanges = self._worker.exchanges
        if exchanges is None or self.parser.should_upgrade():
            return Dispatch.APPLICATION
        self._found = found = dict(self.headers)
        method = self.parser.get_method()
        length = found.get(b"content-length")
        if method == b"POST" and self.url == b"/invocations":
            if length is None or self.expect_100_continue or b"content-encoding" in found:
                return Dispatch.APPLICATION
            if int(length) > min(INLINE_BODY, INLINE_BODIES // len(self.connections)):
                return Dispatch.APPLICATION
            if len(found) != len(self.headers):
                return Dispatch.APPLICATION  # a header came in several lines
            try:
                timed = exchanges.find(found.get(b"content-type", b""), found.get(b"accept", b""))
            except Refusal:
                return Dispatch.APPLICATION  # the application says why
            self._timed = timed
            return Dispatch.INVOCATION if timed.quick(int(length)) else Dispatch.APPLICATION
        if method == b"GET" and self.url == b"/ping" and length is None:
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
            or self._in_application()
            or self.transport.is_closing()
            or not head.timed.quick(head.length)
        ):
            return False
        self._unset_keepalive_if_required()
        self._answer_first()
        self._since = perf_counter_ns()
        self._invoke(head, data[end:])
        return True

    def _to_application(self) -> None:
        """Process the request as uvicorn does, from its beginning."""
        url, headers, expect = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expect
        self.headers += headers
        super().on_headers_complete()
        if self.scope["method"] != "HEAD":
            self.cycle.transport = cast(asyncio.Transport, SingleWrite(self.transport))
        # After an upgrade request the parser reads nothing more.
        if self._worker.ending or self.parser.should_upgrade():
            self.cycle.keep_alive = False

    def _keeps(self) -> bool:
        """Whether the client wants to keep the connection."""
        if b"connection" in self._found and self.parser.get_http_version() == "1.0":
            return False  # it would need a connection header in the response
        return bool(self.parser.should_keep_alive())

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
                self.loop.call_soon,
            )
            return
        timed.took(size, perf_counter_ns() - begun)
        one = PendingRequest(self, timed, None, request_id, found, (), size, self._since, 0, kept)
        self.refuse(one, status, reason, extra)

    def answer(self, one: PendingRequest, content: bytes, predict: int, write: int) -> None:
        """Send the response to a request that waited. ``predict``, ``write``: nanoseconds."""
        rows = one.timed.exchange.rows(one.asked)
        self._answered(one, 200, one.timed.head, content, one.extra, rows, predict, write)

    def refuse(self, one: PendingRequest, status: int, reason: str, headers: Headers = ()) -> None:
        """Send an error to a request, which may have waited in the micro batch."""
        head, content = error_response(status, reason)
        self._answered(one, status, head, content, headers)

    def _answered(
        self,
        one: PendingRequest,
        status: int,
        head: bytes,
        content: bytes,
        headers: Headers,
        rows: int = 0,
        predict: int = 0,
        write: int = 0,
    ) -> None:
        self._waits = False
        if self.transport.is_closing():
            return
        size = len(content)
        lines = b"%b%d\r\n%b: %b\r\n" % (head, size, REQUEST_ID, one.request_id)
        if headers:
            lines += b"".join(b"%b: %b\r\n" % header for header in headers)
        self._write(lines, content, kept=one.kept)
        self.server_state.total_requests += 1
        self._worker.journal.note(
            status,
            "POST",
            _INVOCATIONS,
            one.request_id,
            one.found,
            one.size,
            size,
            rows,
            0,
            one.parse,
            predict,
            write,
            self._since - one.since,
        )
