"""uvicorn's HTTP protocol with a short way: pings and small invocations are answered on the spot.

An ASGI request costs a task, a scope and an event. Most requests need none of them: their body
is small and has come with the head, and the answer takes microseconds. Such a request is
answered inside the parser's last callback, with one write. Everything else takes uvicorn's own
way to the ASGI application: docs/decisions/0017.
"""

import asyncio
import json
import logging
from enum import Enum, auto
from http import HTTPStatus
from time import perf_counter_ns
from typing import Any, NamedTuple, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from inference.annex import Annex
from inference.app import App
from inference.asgi import INTERNAL_ERROR, Application
from inference.invocation import custom_attributes
from inference.journal import REQUEST_ID, path_text
from inference.limits import (
    CONNECTIONS,
    HEAD_LIMIT,
    HEADERS_LIMIT,
    IDLE_SECONDS,
    INLINE_BODIES,
    INLINE_BODY,
    REQUEST_SECONDS,
    RETRY_SECONDS,
    UNREAD_SECONDS,
)
from inference.refusal import Headers, Refusal
from inference.turn import Turn, Waiting
from inference.way import Way

LOG = logging.getLogger("inference")
SECOND = 1_000_000_000  # nanoseconds
_INVOCATIONS = path_text("/invocations")
_CONTINUE = b"HTTP/1.1 100 "
_END_OF_HEAD = b"\r\n\r\n"
ONE_WRITE = 64 * 1024  # bytes of a body that is sent together with its head
KNOWN_HEADS = 256  # heads that a worker remembers
KNOWN_HEAD = 1024  # bytes of the longest
_NONE: Any = None  # of a request whose head has not come


class Road(Enum):
    """Which way a request takes to its answer."""

    APP = auto()
    """To the ASGI application, in a task of its own."""
    PING = auto()
    INVOKE = auto()
    FULL = auto()
    """Turned away: there are too many connections."""
    NOWHERE = auto()
    """It came after the last answer of its connection."""


class Head(NamedTuple):
    """What a request's head says, and whether it is to be answered on the spot."""

    way: Way
    found: dict[bytes, bytes]
    """The headers; none came in several lines."""
    length: int
    """Bytes of the body."""
    kept: bool
    """Whether the client wishes to keep the connection."""


class Front:
    """What all connections of a worker share."""

    def __init__(self, app: Application, *, connections: int = CONNECTIONS) -> None:
        self.app = app
        self.ways = app.ways if isinstance(app, App) else None
        self.annex: Annex = app.annex
        self.journal = app.journal
        self.connections = connections
        self.ending = False
        """Whether each answer is to be its connection's last."""
        self.turn = Turn()
        self._heads: dict[bytes, Head] = {}
        self._once: set[int] = set()  # hashes of heads that came once
        self._headers: list[tuple[bytes, bytes]] = []
        self._lines = b""

    def known(self, head: bytes) -> Head | None:
        """What the parser found in these very bytes, if that is remembered."""
        return self._heads.get(head)

    def remember(self, head: bytes, found: Head) -> None:
        """The same bytes will say the same: clients repeat their heads. One that came only once
        is not kept, for there are clients that put something new into each.
        """
        key = hash(head)
        if key not in self._once:
            if len(self._once) >= KNOWN_HEADS:
                self._once.clear()
            self._once.add(key)
            return
        if len(self._heads) >= KNOWN_HEADS:
            self._heads.clear()  # whoever sends ever new heads gets no memory for it
        self._heads[head] = found

    def lines(self, headers: list[tuple[bytes, bytes]]) -> bytes:
        """The headers of every answer; uvicorn makes a new list of them once a second."""
        if headers is not self._headers:
            self._headers = headers
            self._lines = b"".join(b"%b: %b\r\n" % header for header in headers)
        return self._lines


class Protocol(HttpToolsProtocol):
    """One connection."""

    def __init__(
        self,
        front: Front,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._front = front
        self._road = Road.APP
        self._way: Way = _NONE
        self._found: dict[bytes, bytes] = {}
        self._head = b""  # of the request that is parsed, if it came in one piece
        self._behind = 0  # bytes behind that head in its piece
        self._chunks: list[bytes] = []
        self._head_bytes = 0
        self._in_head = False
        self._arriving = False
        self._since = perf_counter_ns()  # a request arrives, or nothing does
        self._unread_since = 0  # the client does not read what it was sent; 0: it does
        self._full = False
        self._waits = False  # a request waits for the end of the loop's turn

    # --- asyncio's callbacks

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._full = len(self.connections) > self._front.connections
        if len(self.connections) > 2 * self._front.connections:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._arriving:
            self._head_bytes += len(data)  # what came with its first bytes is not counted
            self._head = b""
        elif self._again(data):
            return
        super().data_received(data)
        if self._arriving and self._head_bytes > HEAD_LIMIT:
            reason = "the headers, or what stands around the chunks, are too large"
            self._end(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, reason)

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """A client that sends no more may still read: what it has asked, it is told."""
        self._answer_first()
        if self._in_application() and not self._arriving:
            self.cycle.keep_alive = False
            return True
        return None

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread_since = perf_counter_ns()
        self.flow.pause_reading()  # or a client that only sends fills the memory with answers

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unread_since = 0
        if not self._in_application():
            self.flow.resume_reading()

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
            return  # behind the chunks, where it could change what the head has said
        if len(self.headers) >= HEADERS_LIMIT:
            raise ValueError("too many headers")  # httptools makes 400 of it
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._road = self._choose()
        if self._road is Road.APP:
            self._to_application()
        self._in_head = False

    def on_body(self, body: bytes) -> None:
        self._head_bytes = 0
        if self._road is Road.APP:
            super().on_body(body)
        elif self._road is Road.INVOKE:
            self._chunks.append(body)

    def on_message_complete(self) -> None:
        self._arriving = False
        match self._road:
            case Road.INVOKE:
                chunks = self._chunks
                body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
                head = Head(self._way, self._found, len(body), self._keeps())
                if self._head and self._behind == head.length:  # its own, and nobody else's
                    self._front.remember(self._head, head)
                self._invoke(head, body)
            case Road.PING:
                self.server_state.total_requests += 1
                self._front.journal.ping(200)
                self._write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n", kept=self._keeps())
            case Road.APP:
                super().on_message_complete()
            case Road.FULL:
                self._end(HTTPStatus.SERVICE_UNAVAILABLE, "there are too many connections")
            case Road.NOWHERE:
                pass

    # --- which way

    def _choose(self) -> Road:
        if self.transport.is_closing():
            return Road.NOWHERE
        if self._in_application():
            return Road.APP  # answers come in the order of the requests
        if self._full:
            return Road.FULL
        ways = self._front.ways
        if ways is None or self.parser.should_upgrade():
            return Road.APP
        self._found = found = dict(self.headers)
        method = self.parser.get_method()
        length = found.get(b"content-length")
        if method == b"POST" and self.url == b"/invocations":
            if length is None or self.expect_100_continue or b"content-encoding" in found:
                return Road.APP
            if int(length) > min(INLINE_BODY, INLINE_BODIES // len(self.connections)):
                return Road.APP
            if len(found) != len(self.headers):
                return Road.APP  # some header came in several lines
            try:
                way = ways.find(found.get(b"content-type", b""), found.get(b"accept", b""))
            except Refusal:
                return Road.APP  # it says why
            self._way = way
            return Road.INVOKE if way.quick(int(length)) else Road.APP
        if method == b"GET" and self.url == b"/ping" and length is None:
            return Road.APP if b"transfer-encoding" in found else Road.PING
        return Road.APP

    def _again(self, data: bytes) -> bool:
        """Answer a whole request whose head is known, which spares parsing it; otherwise False.

        The parser stands between two requests, before and after.
        """
        end = data.find(_END_OF_HEAD, 0, KNOWN_HEAD) + len(_END_OF_HEAD)
        self._head = data[:end]
        self._behind = len(data) - end
        head = self._front.known(self._head)
        if (
            head is None
            or self._behind != head.length
            or self._full
            or self._in_application()
            or self.transport.is_closing()
            or not head.way.quick(head.length)
        ):
            return False
        self._unset_keepalive_if_required()
        self._answer_first()
        self._since = perf_counter_ns()
        self._invoke(head, data[end:])
        return True

    def _in_application(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _to_application(self) -> None:
        """Go on as uvicorn would have from the request's beginning."""
        url, headers, expect = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expect
        self.headers += headers
        super().on_headers_complete()
        if self.scope["method"] != "HEAD":
            self.cycle.transport = cast(asyncio.Transport, _OneWrite(self.transport))
        # What follows an offer to speak another protocol, the parser no longer reads.
        if self._front.ending or self.parser.should_upgrade():
            self.cycle.keep_alive = False

    # --- answers on the spot

    def _invoke(self, head: Head, body: bytes) -> None:
        way, found, size, kept = head
        front = self._front
        request_id = front.journal.request_id(found)
        begun = perf_counter_ns()
        try:
            extra = custom_attributes(found)
            asked = way.exchange.parse(body)
        except Refusal as refusal:
            status, reason, extra = refusal.status, refusal.reason, refusal.headers
        except Exception:
            LOG.exception("POST /invocations failed")
            status, reason, extra = 500, INTERNAL_ERROR, ()
        else:
            parse = perf_counter_ns() - begun
            self._waits = True
            front.turn.add(
                Waiting(self, way, asked, request_id, found, extra, size, self._since, parse, kept),
                self.loop.call_soon,
            )
            return
        way.took(size, perf_counter_ns() - begun)
        one = Waiting(self, way, None, request_id, found, (), size, self._since, 0, kept)
        self.refuse(one, status, reason, extra)

    def answer(self, one: Waiting, content: bytes, predict: int, write: int) -> None:
        """Send the answer to a request that waited; nanoseconds that its steps took."""
        rows = one.way.exchange.rows(one.asked)
        self._answered(one, 200, one.way.head, content, one.extra, rows, predict, write)

    def refuse(self, one: Waiting, status: int, reason: str, headers: Headers = ()) -> None:
        """Send an error to a request that may have waited."""
        head, content = _error(status, reason)
        self._answered(one, status, head, content, headers)

    def _answered(
        self,
        one: Waiting,
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
        self._front.journal.note(
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

    def _keeps(self) -> bool:
        """Whether the client wishes to keep the connection."""
        if b"connection" in self._found and self.parser.get_http_version() == "1.0":
            return False  # would have to be told so
        return bool(self.parser.should_keep_alive())

    def _answer_first(self) -> None:
        """Answers come in the order of the requests."""
        if self._waits:
            self._front.turn.answer()

    def _write(self, head: bytes, content: bytes = b"", *, kept: bool) -> None:
        """Send an answer, in one piece, and keep the connection if both sides wish it."""
        front = self._front
        kept = kept and not front.ending
        common = front.lines(self.server_state.default_headers)
        if kept:
            self.transport.write(b"%b%b\r\n%b" % (head, common, content))
        else:
            self.transport.write(b"%b%bconnection: close\r\n\r\n%b" % (head, common, content))
            self.transport.close()
        self._since = perf_counter_ns()

    def _end(self, status: HTTPStatus, reason: str, headers: Headers = ()) -> None:
        """Answer with an error, whatever is still to come, and close."""
        self._answer_first()
        if self.transport.is_closing():
            return
        if (
            self.pipeline
            or (self._in_application() and self.cycle.response_started)
            or self._sends_on()
        ):
            self.transport.close()  # this answer would stand where another's belongs
            return
        head, content = _error(status, reason)
        front = self._front
        request_id = front.journal.request_id({})
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            headers = (*headers, (b"retry-after", str(RETRY_SECONDS).encode()))
        since, size = self._since, len(content)
        lines = b"".join(b"%b: %b\r\n" % one for one in (*headers, (REQUEST_ID, request_id)))
        self._write(b"%b%d\r\n%b" % (head, size, lines), content, kept=False)
        total = self._since - since
        front.journal.note(status, "-", path_text("-"), request_id, {}, 0, size, total=total)

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be parsed. uvicorn calls it."""
        if self._in_application() and not self.cycle.more_body:
            # What came before it was right: it has its answer, as the last.
            self.cycle.keep_alive = False
            self.flow.pause_reading()
        else:
            self._end(HTTPStatus.BAD_REQUEST, "this is not a request of HTTP/1.1")

    # --- time limits and the end

    def check_time(self, now: int) -> None:
        """End what takes too long; called about once a second. ``now``: perf_counter_ns."""
        if self._unread_since and now - self._unread_since > UNREAD_SECONDS * SECOND:
            self.transport.abort()
        elif self._in_application():
            pass  # the application keeps its own time
        elif self._arriving:
            if now - self._since > REQUEST_SECONDS * SECOND:
                self._give_up()
        elif now - self._since > IDLE_SECONDS * SECOND:
            self.transport.close()

    def _give_up(self) -> None:
        reason = f"the request was not there within {REQUEST_SECONDS} s"
        self._end(HTTPStatus.REQUEST_TIMEOUT, reason)

    def _sends_on(self) -> bool:
        """Whether the rest of a request comes that has its answer already."""
        return (
            self._arriving
            and not self._in_head
            and self._road is Road.APP
            and not self._in_application()
        )

    def idle(self) -> bool:
        """Whether nothing of a request has come that is not answered."""
        return not (self._arriving or self._waits or self._in_application() or self.pipeline)

    def shutdown(self) -> None:
        """Answer what has come, and let the connection end with its next answer."""
        if self._in_application():
            self.cycle.keep_alive = False

    def on_response_complete(self) -> None:
        """uvicorn's cycle calls it, also for answers that the application gave."""
        self._since = perf_counter_ns()
        super().on_response_complete()


class _OneWrite:
    """A transport for one answer of the application, which sends the head with the body."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head: bytes | None = None
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        if self.is_closing():  # the client is gone, and uvicorn not told yet
            return
        if self._head is None and not data.startswith(_CONTINUE):
            self._head = data
        elif not self._head:
            self._transport.write(data)
        else:
            head, self._head = self._head, b""
            if len(data) <= ONE_WRITE:  # to copy more costs more than a second packet
                head += data
                data = b""
            self._transport.write(head)
            if data:
                self._transport.write(data)

    def close(self) -> None:
        if self._head and not self.is_closing():
            self._transport.write(self._head)
        self._transport.close()


def _error(status: int, reason: str) -> tuple[bytes, bytes]:
    """The head up to the number that is the body's length, and the body."""
    content = json.dumps({"error": reason}).encode()
    phrase = HTTPStatus(status).phrase
    head = f"HTTP/1.1 {int(status)} {phrase}\r\ncontent-type: application/json\r\ncontent-length: "
    return head.encode(), content
