"""One request to an application, without a server."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from modelwharf.serving.application import Application
from modelwharf.serving.request import Body, Request


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


class Chunks(Body):
    """A body that arrives chunk by chunk, as it is read."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        super().__init__()
        self._left = list(chunks)
        self.read_chunks = 0

    async def read(self) -> bytes:
        if self.read_chunks < len(self._left):
            self.feed(self._left[self.read_chunks])
            self.read_chunks += 1
        else:
            self.end()
        return await super().read()


async def ask(
    app: Application,
    method: str,
    target: str,
    *,
    headers: dict[str, str] | None = None,
    chunks: Iterable[bytes] = (),
) -> Answer:
    """The whole answer; ``target`` is a path as it stands in the request line."""
    path, _, query = target.partition("?")
    body = Chunks(chunks)
    lines = {name.encode(): value.encode() for name, value in (headers or {}).items()}
    request = Request(method, unquote(path), path.encode(), query.encode(), lines, body)
    response = await app.respond(request)
    assert response is not None
    answered = {
        b"content-type": response.content_type.encode(),
        b"content-length": b"%d" % len(response.body),
        **dict(response.headers),
    }
    return Answer(response.status, answered, response.body, body.read_chunks)


def call(
    app: Application,
    method: str,
    target: str,
    *,
    headers: dict[str, str] | None = None,
    chunks: Iterable[bytes] = (),
) -> Answer:
    """The whole answer, in an event loop of its own."""
    return asyncio.run(ask(app, method, target, headers=headers, chunks=chunks))
