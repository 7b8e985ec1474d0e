"""HTTP as both servers of this room speak it: raw ASGI, errors as JSON, bounded bodies."""

import asyncio
import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from inference.refusal import Headers, Refusal

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BODY_LIMIT = 25 * 1024 * 1024  # bytes; SageMaker's limit on InvokeEndpoint's payload
# A body that is too long is still read, and thrown away, up to here: a client that is cut
# off while it sends never sees why.
DRAIN_LIMIT = 4 * BODY_LIMIT
NOT_FOUND = 404
METHOD_NOT_ALLOWED = 405
CONTENT_TOO_LARGE = 413
UNAVAILABLE = 503

LOG = logging.getLogger("inference")


class ClientGone(Exception):
    """The client closed the connection before its body was there."""


class Application(ABC):
    """An ASGI application: ``route`` answers or raises, errors become answers here."""

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            raise ValueError(f"unexpected ASGI scope {scope['type']!r}")
        try:
            await self.route(scope, receive, send)
        except Refusal as refusal:
            await _respond_error(send, refusal.status, refusal.reason, refusal.headers)
        except ClientGone:
            LOG.info("the client closed the connection while it sent its body")
        except asyncio.CancelledError:
            LOG.warning("%s %s was cut off: the server ends", scope["method"], scope["path"])
            await _respond_error(send, UNAVAILABLE, "the server ends")
        except Exception:
            LOG.exception("%s %s failed", scope["method"], scope["path"])
            await _respond_error(send, 500, "internal error; the server's log has the reason")

    @abstractmethod
    async def route(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request. Raises Refusal or ClientGone."""


def check_method(scope: Message, *allowed: str) -> None:
    """Raises Refusal with 405."""
    if scope["method"] not in allowed:
        raise Refusal(
            f"{scope['method']} is not allowed here; use {allowed[0]}",
            status=METHOD_NOT_ALLOWED,
            headers=((b"allow", ", ".join(allowed).encode()),),
        )


def headers_of(scope: Message) -> dict[bytes, bytes]:
    """A request's headers by their names in small letters; the last of a repeated one."""
    return dict(scope["headers"])


async def read_body(
    receive: Receive, headers: dict[bytes, bytes], *, limit: int = BODY_LIMIT
) -> bytes:
    """Read the body, holding at most ``limit`` bytes of it. Raises Refusal with 413."""
    if b"expect" in headers and int(headers.get(b"content-length", b"0")) > limit:
        # The client waits to be told to go on. Not told, it sends nothing, so what comes next
        # on this connection would be taken for the body.
        raise _too_long(limit, ((b"connection", b"close"),))
    chunks: list[bytes] = []
    size, more = 0, True
    while more and size <= DRAIN_LIMIT:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk = message.get("body", b"")
        size += len(chunk)
        more = message.get("more_body", False)
        if size <= limit:
            chunks.append(chunk)
        else:
            chunks.clear()
    if size > limit:
        raise _too_long(limit)
    return b"".join(chunks)


def _too_long(limit: int, headers: Headers = ()) -> Refusal:
    return Refusal(
        f"the body is longer than {limit} bytes", status=CONTENT_TOO_LARGE, headers=headers
    )


async def respond_json(send: Send, status: int, answer: object) -> None:
    """Answer with a JSON document."""
    await respond(send, status, json.dumps(answer).encode(), "application/json")


async def _respond_error(send: Send, status: int, reason: str, headers: Headers = ()) -> None:
    body = json.dumps({"error": reason}).encode()
    await respond(send, status, body, "application/json", headers)


async def respond(
    send: Send, status: int, body: bytes, content_type: str, headers: Headers = ()
) -> None:
    """Send the whole answer."""
    own = (
        (b"content-type", content_type.encode()),
        (b"content-length", str(len(body)).encode()),
    )
    await send({"type": "http.response.start", "status": status, "headers": [*own, *headers]})
    await send({"type": "http.response.body", "body": body})
