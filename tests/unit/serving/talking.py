"""The server in a thread of the test, and connections that send the test's bytes unchanged."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from modelwharf.serving.app import App
from modelwharf.serving.served import Served
from modelwharf.serving.server import Server
from tests.waiting import HUNG


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes


class Connection:
    """One connection; each reply is read by its Content-Length."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=HUNG)
        # Nagle's algorithm would hold a piece back and join it with the next.
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._read = b""

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *error: object) -> None:
        self.socket.close()

    def send(self, text: bytes) -> None:
        self.socket.sendall(text)

    def reply(self, *, head_only: bool = False) -> Reply:
        while b"\r\n\r\n" not in self._read:
            self._more()
        head, _, self._read = self._read.partition(b"\r\n\r\n")
        line, *lines = head.decode("latin-1").split("\r\n")
        headers = dict(one.split(": ", 1) for one in lines)
        length = 0 if head_only else int(headers.get("content-length", 0))
        while len(self._read) < length:
            self._more()
        body, self._read = self._read[:length], self._read[length:]
        match = re.fullmatch(r"HTTP/1\.1 (\d{3}) .+", line)
        assert match, line
        return Reply(int(match[1]), headers, body)

    def ask(self, text: bytes) -> Reply:
        self.send(text)
        return self.reply()

    def rest(self) -> bytes:
        """Everything until the server closes."""
        while chunk := self.socket.recv(65536):
            self._read += chunk
        return self._read

    def _more(self) -> None:
        chunk = self.socket.recv(65536)
        assert chunk, f"the server closed after {self._read!r}"
        self._read += chunk


@dataclass
class Running:
    server: Server
    port: int

    def connect(self) -> Connection:
        return Connection(self.port)


@contextmanager
def running(served: Served, *, app: App | None = None) -> Iterator[Running]:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    port = listener.getsockname()[1]
    server = Server(app or App(served))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield Running(server, port)
    finally:
        server.cuts_off = True
        server.end()
        thread.join(HUNG)
        assert not thread.is_alive()
