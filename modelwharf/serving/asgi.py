"""The HTTP layer that both servers share: raw ASGI, errors as JSON, bounded bodies."""

import asyncio
import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Any

from modelwharf.serving.journal import REQUEST_ID, AccessLog, Journal, path_text
from modelwharf.serving.limits import (
    BODY_LIMIT,
    DRAIN_LIMIT,
    REQUEST_SECONDS,
    RETRY_SECONDS,
)
from modelwharf.serving.refusal import Headers, Refusal
from modelwharf.serving.thread_pool import Reservation, ThreadPool

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

NOT_FOUND = 404
METHOD_NOT_ALLOWED = 405
REQUEST_TIMEOUT = 408
CONTENT_TOO_LARGE = 413
UNAVAILABLE = 503
INTERNAL_ERROR = "internal error; the server's log has the reason"

LOG = logging.getLogger("inference")


class ClientGone(Exception):
    """The client closed the connection before it sent the whole body."""


@dataclass(slots=True)
class Entry:
    """What the journal records about a request besides its status. Times are in nanoseconds."""

    bytes_in: int = 0
    rows: int = 0
    queue: int = 0
    parse: int = 0
    predict: int = 0
    write: int = 0


class Application(ABC):
    """An ASGI application: ``route`` answers or raises; exceptions become error responses here."""

    def __init__(self, *, pool: ThreadPool | None = None, journal: Journal | None = None) -> None:
        self.pool = pool or ThreadPool()
        self.journal = journal or Journal(AccessLog.OFF)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            raise ValueError(f"unexpected ASGI scope {scope['type']!r}")
        begun = perf_counter_ns()
        headers = headers_of(scope)
        entry = scope["entry"] = Entry()
        answer = _Answer(send, self.journal.request_id(headers))
        if b"expect" in headers:
            receive = answer.hold_back(receive)
        try:
            await self._answer(scope, receive, answer)
        except ClientGone:
            LOG.info("the client closed the connection while it sent its body")
        if answer.status and scope["path"] != "/ping":
            self.journal.note(
                answer.status,
                scope["method"],
                path_text(scope["path"]),
                answer.request_id,
                headers,
                entry.bytes_in,
                answer.size,
                entry.rows,
                entry.queue,
                entry.parse,
                entry.predict,
                entry.write,
                perf_counter_ns() - begun,
            )

    async def _answer(self, scope: Message, receive: Receive, send: "_Answer") -> None:
        try:
            await self.route(scope, receive, send)
        except Refusal as refusal:
            await _respond_error(send, refusal.status, refusal.reason, refusal.headers)
        except ClientGone:
            raise
        except asyncio.CancelledError:
            LOG.warning("%s %s was cut off: the server ends", scope["method"], scope["path"])
            await _respond_error(send, UNAVAILABLE, "the server ends", _LATER)
        except Exception:
            LOG.exception("%s %s failed", scope["method"], scope["path"])
            await _respond_error(send, 500, INTERNAL_ERROR)

    @abstractmethod
    async def route(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request. Raises Refusal or ClientGone."""


_LATER: Headers = ((b"retry-after", str(RETRY_SECONDS).encode()),)


class _Answer:
    """ASGI's ``send``. Adds the request's id and records what was sent."""

    def __init__(self, send: Send, request_id: bytes) -> None:
        self.request_id = request_id
        self.status = 0
        self.size = 0
        self._send = send
        self._held_back = False

    def hold_back(self, receive: Receive) -> Receive:
        """Wrap ASGI's ``receive`` for a client that sent ``Expect: 100-continue``.

        The first call tells the client to send its body. A client that was never told sends no
        body, and its next request must not be read as that body.
        """
        self._held_back = True

        async def told() -> Message:
            self._held_back = False
            return await receive()

        return told

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"].append((REQUEST_ID, self.request_id))
            if self._held_back:
                message["headers"].append((b"connection", b"close"))
        else:
            self.size += len(message["body"])
        await self._send(message)


def check_method(scope: Message, *allowed: str) -> None:
    """Check the request's method. Raises Refusal with 405."""
    if scope["method"] not in allowed:
        raise Refusal(
            f"{scope['method']} is not allowed here; use {allowed[0]}",
            status=METHOD_NOT_ALLOWED,
            headers=((b"allow", ", ".join(allowed).encode()),),
        )


def headers_of(scope: Message) -> dict[bytes, bytes]:
    """A request's headers by lower-case name. The lines of a repeated header are joined with commas
    (RFC 9110, section 5.3).
    """
    lines: list[tuple[bytes, bytes]] = scope["headers"]
    headers = dict(lines)
    if len(headers) != len(lines):
        for name in headers:
            headers[name] = b", ".join(value for other, value in lines if other == name)
    return headers


async def read_body(
    receive: Receive,
    headers: dict[bytes, bytes],
    *,
    limit: int = BODY_LIMIT,
    reservation: Reservation | None = None,
    seconds: float = REQUEST_SECONDS,
) -> bytes:
    """Read the body and hold at most ``limit`` bytes of it, counted by ``reservation``.

    Raises Refusal: 413 when the body is too long, 408 when it takes too long, 503 when there is no
    room for it now.
    """
    try:
        async with asyncio.timeout(seconds):
            return await _read(receive, headers, limit, reservation)
    except TimeoutError:
        raise Refusal(
            f"the body was not there within {seconds:g} s",
            status=REQUEST_TIMEOUT,
            headers=((b"connection", b"close"),),
        ) from None


async def _read(
    receive: Receive, headers: dict[bytes, bytes], limit: int, reservation: Reservation | None
) -> bytes:
    length = int(headers.get(b"content-length", b"0"))
    if b"expect" in headers and length > limit:
        raise _too_long(limit)  # the client waits for 100 Continue
    promised = length if length <= limit else 0
    if reservation is not None:
        reservation.hold(promised)
    chunks: list[bytes] = []
    size, more = 0, True
    while more and size <= DRAIN_LIMIT:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk = message.get("body", b"")
        size += len(chunk)
        more = message.get("more_body", False)
        if size > limit:
            chunks.clear()
            continue
        chunks.append(chunk)
        if reservation is not None and size > promised:
            reservation.hold(size - promised)
            promised = size
    if size > limit:
        raise _too_long(limit)
    return b"".join(chunks)


def _too_long(limit: int) -> Refusal:
    return Refusal(f"the body is longer than {limit} bytes", status=CONTENT_TOO_LARGE)


async def respond_json(send: Send, status: int, answer: object) -> None:
    """Send a response with a JSON document."""
    await respond(send, status, json.dumps(answer).encode(), "application/json")


async def _respond_error(send: Send, status: int, reason: str, headers: Headers = ()) -> None:
    body = json.dumps({"error": reason}).encode()
    await respond(send, status, body, "application/json", headers)


async def respond(
    send: Send, status: int, body: bytes, content_type: str, headers: Headers = ()
) -> None:
    """Send the whole response."""
    own = (
        (b"content-type", content_type.encode()),
        (b"content-length", str(len(body)).encode()),
    )
    await send({"type": "http.response.start", "status": status, "headers": [*own, *headers]})
    await send({"type": "http.response.body", "body": body})
