"""One request to an ASGI application, without a server."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from modelwharf.serving.asgi import Application


@dataclass
class Answer:
    status: int
    headers: dict[bytes, bytes]
    body: bytes
    chunks_read: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        return str(self.json["error"])


async def ask(
    app: Application,
    method: str,
    target: str,
    *,
    headers: dict[str, str] | None = None,
    chunks: Iterable[bytes] = (b"",),
) -> Answer:
    """The whole answer; ``target`` is a path as it stands in the request line."""
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "method": method,
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in (headers or {}).items()],
    }
    body = list(chunks)
    read = 0
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        nonlocal read
        read += 1
        return {"type": "http.request", "body": body[read - 1], "more_body": read < len(body)}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start, end = sent
    return Answer(start["status"], dict(start["headers"]), end["body"], read)


def call(
    app: Application,
    method: str,
    target: str,
    *,
    headers: dict[str, str] | None = None,
    chunks: Iterable[bytes] = (b"",),
) -> Answer:
    """The whole answer, in an event loop of its own."""
    return asyncio.run(ask(app, method, target, headers=headers, chunks=chunks))
