"""A request that is answered in a task of its own, and its body as it arrives."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote

from httptools import parse_url

from modelwharf.serving.journal import NO_STEPS, Steps


class ClientGone(Exception):
    """The client closed the connection before it sent the whole body."""


class Body:
    """The bytes that have arrived and were not read. ``wanted`` is called before each read."""

    def __init__(self, wanted: Callable[[], object] = lambda: None) -> None:
        self.size = 0
        self.complete = False
        self.read_once = False
        self._wanted = wanted
        self._chunks: list[bytes] = []
        self._gone = False
        self._arrived = asyncio.Event()

    def feed(self, chunk: bytes) -> None:
        self._chunks.append(chunk)
        self.size += len(chunk)
        self._arrived.set()

    def end(self) -> None:
        self.complete = True
        self._arrived.set()

    def abandon(self) -> None:
        """Say that the client is gone."""
        self._gone = True
        self._arrived.set()

    async def read(self) -> bytes:
        """Wait for more and return it; b"" is the end. Raises ClientGone."""
        self._wanted()
        self.read_once = True
        if not (self._chunks or self.complete or self._gone):
            self._arrived.clear()
            await self._arrived.wait()
        if self._gone:
            raise ClientGone
        chunk = b"".join(self._chunks)
        self._chunks.clear()
        self.size = 0
        return chunk


@dataclass(slots=True, eq=False)
class Request:
    """A request whose head has arrived. The target's parts are encoded, ``path`` is decoded."""

    method: str
    path: str
    raw_path: bytes
    query: bytes
    headers: dict[bytes, bytes]
    body: Body
    keep: bool = True
    """Whether the connection goes on after the response."""
    rows: int = 0
    """For the journal, as are ``bytes_in`` and ``steps``."""
    bytes_in: int = 0
    steps: Steps = NO_STEPS

    @classmethod
    def of(
        cls, method: bytes, target: bytes, lines: list[tuple[bytes, bytes]], body: Body, keep: bool
    ) -> Self:
        """Raises ValueError or httptools.HttpParserError for a target without a path."""
        url = parse_url(target)
        if url.path is None:
            raise ValueError(f"{target[:100]!r} has no path")
        path = unquote(url.path.decode("ascii"))
        headers = joined(lines)
        return cls(method.decode("ascii"), path, url.path, url.query or b"", headers, body, keep)

    @property
    def held_back(self) -> bool:
        """Whether the client waits to be told to send its body.

        A client that was never told sends no body, and its next request must not be read as that
        body.
        """
        return b"expect" in self.headers and not self.body.read_once

    @property
    def asks_first(self) -> bool:
        """Whether the client is now to be told to send its body."""
        expected = self.headers.get(b"expect", b"").lower().split(b", ")
        return self.held_back and b"100-continue" in expected


def joined(lines: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Return headers by lower-case name. The lines of a repeated header are joined with commas
    (RFC 9110, section 5.3).
    """
    headers = dict(lines)
    if len(headers) != len(lines):
        for name in headers:
            headers[name] = b", ".join(value for other, value in lines if other == name)
    return headers
