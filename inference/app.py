"""The HTTP side: a raw ASGI application for ``/ping`` and ``/invocations``."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from inference.codec import answer_format, decode, encode, request_format
from inference.forecaster import Forecaster
from inference.refusal import Refusal

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BODY_LIMIT = 25 * 1024 * 1024  # bytes; SageMaker's limit on InvokeEndpoint's payload
# A body that is too long is still read, and thrown away, up to here: a client that is cut
# off while it sends never sees why.
DRAIN_LIMIT = 4 * BODY_LIMIT
CONTENT_TOO_LARGE = 413

LOG = logging.getLogger("inference")


class ClientGone(Exception):
    """The client closed the connection before its body was there."""


class App:
    """Serves one forecaster, from the moment that it is put into ``forecaster``."""

    def __init__(self, forecaster: Forecaster | None = None) -> None:
        self.forecaster = forecaster

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            raise ValueError(f"unexpected ASGI scope {scope['type']!r}")
        try:
            await self._route(scope, receive, send)
        except Refusal as refusal:
            await _respond_error(send, refusal.status, refusal.reason)
        except ClientGone:
            LOG.info("the client closed the connection while it sent its body")
        except Exception:
            LOG.exception("%s %s failed", scope["method"], scope["path"])
            await _respond_error(send, 500, "internal error; the server's log has the reason")

    async def _route(self, scope: Message, receive: Receive, send: Send) -> None:
        match scope["path"]:
            case "/ping":
                _check_method(scope, "GET", "HEAD")
                await _respond(send, 200 if self.forecaster else 503, b"", "text/plain")
            case "/invocations":
                _check_method(scope, "POST")
                await self._invoke(scope, receive, send)
            case path:
                raise Refusal(f"no such path {path}; there are /ping and /invocations", status=404)

    async def _invoke(self, scope: Message, receive: Receive, send: Send) -> None:
        forecaster = self.forecaster
        if forecaster is None:
            await _respond_error(send, 503, "the model is still loading")
            return
        headers = _headers(scope)
        body = await _read_body(receive)
        asked = request_format(headers.get("content-type", ""))
        wanted = answer_format(headers.get("accept", ""), asked)

        def work() -> bytes:
            questions = decode(body, asked)
            answers = forecaster.answer(questions.requests)
            return encode(answers, wanted, single=questions.single)

        # In a thread, so that /ping is answered beside a large batch.
        await _respond(send, 200, await asyncio.to_thread(work), wanted)


def _check_method(scope: Message, *allowed: str) -> None:
    if scope["method"] not in allowed:
        raise Refusal(f"{scope['method']} is not allowed here; use {allowed[0]}", status=405)


def _headers(scope: Message) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


async def _read_body(receive: Receive) -> bytes:
    """Read the body, holding at most BODY_LIMIT of it. Raises Refusal with 413."""
    chunks: list[bytes] = []
    size, more = 0, True
    while more and size <= DRAIN_LIMIT:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk = message.get("body", b"")
        size += len(chunk)
        more = message.get("more_body", False)
        if size <= BODY_LIMIT:
            chunks.append(chunk)
        else:
            chunks.clear()
    if size > BODY_LIMIT:
        raise Refusal(f"the body is longer than {BODY_LIMIT} bytes", status=CONTENT_TOO_LARGE)
    return b"".join(chunks)


async def _respond_error(send: Send, status: int, reason: str) -> None:
    body = json.dumps({"error": reason}).encode()
    await _respond(send, status, body, "application/json")


async def _respond(send: Send, status: int, body: bytes, content_type: str) -> None:
    headers = [
        (b"content-type", content_type.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
