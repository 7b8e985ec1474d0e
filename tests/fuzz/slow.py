"""Clients that take their time: each must be refused, and none may delay the others."""

import select
import socket
import time
from collections.abc import Iterator

from modelwharf.serving.limits import REQUEST_SECONDS
from tests.fuzz.found import Found
from tests.fuzz.wire import Answer, Connection, RuleBroken, request

SLACK = 15  # seconds beyond the limit, on a machine that does much else
PAUSE = 1.0  # seconds between two bytes
OF_EACH = 5

_ROWS = request(b"1,2,3,4\n" * 1000, content_type="text/csv")
_CHUNKED = request(b"1,2,3,4\n" * 1000, content_type="text/csv", chunks=1000)
_LARGE = request(b"1,2,3,4\n" * 100_000, content_type="text/csv")
_HEAD = _ROWS.index(b"\r\n\r\n")


def _byte_by_byte(text: bytes, start: int) -> Iterator[bytes]:
    yield text[:start]
    for place in range(start, len(text)):
        yield text[place : place + 1]


WAYS = {
    "nothing of a line": lambda: _byte_by_byte(_ROWS, 1),
    "a head": lambda: _byte_by_byte(_ROWS, _HEAD - 40),
    "a body": lambda: _byte_by_byte(_ROWS, _HEAD + 4),
    "half a body": lambda: _byte_by_byte(_ROWS, 4000),
    "a large body": lambda: _byte_by_byte(_LARGE, 300_000),
    "chunks": lambda: _byte_by_byte(_CHUNKED, 3000),
}
ALLOWED = (408,)


class SlowClient:
    """Says a request byte by byte until it is answered or cut off."""

    def __init__(self, port: int, name: str) -> None:
        self.name = name
        self.connection = Connection(port)
        self.began = time.monotonic()
        self._parts = WAYS[name]()
        self._next = self.began

    @property
    def socket(self) -> socket.socket:
        return self.connection.socket

    def go_on(self, now: float) -> None:
        if now >= self._next:
            self.connection.send(next(self._parts))
            self._next = now + PAUSE


def drip(port: int) -> Found:
    """The answers to slow clients; to close without an answer is right, too."""
    clients = [SlowClient(port, name) for name in WAYS for _ in range(OF_EACH)]
    found = Found()
    while clients:
        now = time.monotonic()
        for client in list(clients):
            client.go_on(now)
            if now - client.began > REQUEST_SECONDS + SLACK:
                with found.noting():
                    clients.remove(client)
                    raise RuleBroken(f"{client.name} may take more than {REQUEST_SECONDS} s")
        answered, _, _ = select.select([client.socket for client in clients], [], [], PAUSE / 4)
        for client in [client for client in clients if client.socket in answered]:
            clients.remove(client)
            with found.noting():
                found.answers.update(_ending(client))
            client.connection.close()
    return found


def _ending(client: SlowClient) -> list[int]:
    answers: list[Answer] = client.connection.rest(patience=1)
    statuses = [answer.status for answer in answers]
    if len(statuses) > 1 or any(status not in ALLOWED for status in statuses):
        raise RuleBroken(f"{client.name}, sent slowly, is answered with {statuses}")
    return statuses
