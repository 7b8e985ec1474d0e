"""HTTP/1.1 byte by byte, and the rules that each answer keeps."""

import json
import re
import socket
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from tests.waiting import patience

# docs/serving.md: what the server of one model may answer. 503 is for what it has no room for,
# which a fuzzer with a few connections never causes; 500 is a fault of the server's own.
STATUSES = frozenset((200, 400, 404, 405, 406, 408, 413, 415, 431))
HEADERS = frozenset(
    (
        "allow",
        "connection",
        "content-length",
        "content-type",
        "date",
        "retry-after",
        "x-amzn-requestid",
        "x-amzn-sagemaker-custom-attributes",
    )
)
SECONDS = 30  # that an answer may take on a machine that does nothing else
_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5][0-9]{2}) [A-Za-z' -]+")
_HEADER_LINE = re.compile(rb"([a-z0-9-]+): ([\x20-\x7e\t]*)")


class RuleBroken(AssertionError):
    """An answer that the server may not give."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"{self.status} {self.headers} {self.body[:300]!r}"


class Connection:
    """One connection to the server."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=patience(SECONDS))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._read = b""
        self.closed = False

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def ask(self, text: bytes) -> Answer:
        self.send(text)
        return self.answer()

    def send(self, text: bytes) -> None:
        """A server that has refused the request may have closed before its end: no fault."""
        with suppress(BrokenPipeError, ConnectionResetError):
            self.socket.sendall(text)

    def answer(self) -> Answer:
        """The next answer that is not a 1xx. Raises RuleBroken, also when none comes."""
        while True:
            while b"\r\n\r\n" not in self._read:
                if not self._more():
                    raise RuleBroken(f"the connection ended after {self._read[:200]!r}")
            head, _, self._read = self._read.partition(b"\r\n\r\n")
            status, headers = _head(head)
            if status < 200:
                continue
            length = int(headers["content-length"])
            while len(self._read) < length:
                if not self._more():
                    raise RuleBroken(f"the connection ended in the body of a {status}")
            body, self._read = self._read[:length], self._read[length:]
            self.closed = headers.get("connection") == "close"
            answer = Answer(status, headers, body)
            _check(answer)
            return answer

    def rest(self, *, patience: float) -> list[Answer]:
        """The answers to something odd, until the server closes or says no more for
        ``patience`` seconds; then no more will come from here either, and the rest is read.
        """
        answers = []
        self.socket.settimeout(patience)
        try:
            while True:
                answers.append(self.answer())
        except TimeoutError:
            self._say_no_more()
        except RuleBroken:
            if self._read:
                raise
            return answers
        try:
            while True:
                answers.append(self.answer())
        except RuleBroken:
            if self._read:
                raise
        return answers

    def _say_no_more(self) -> None:
        self.socket.settimeout(patience(SECONDS))
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def _more(self) -> bool:
        try:
            chunk = self.socket.recv(1 << 20)
        except ConnectionResetError:
            chunk = b""
        self._read += chunk
        return bool(chunk)


def _head(head: bytes) -> tuple[int, dict[str, str]]:
    line, *lines = head.split(b"\r\n")
    match = _STATUS_LINE.fullmatch(line)
    if match is None:
        raise RuleBroken(f"{line[:200]!r} is not a status line")
    headers = {}
    for one in lines:
        found = _HEADER_LINE.fullmatch(one)
        if found is None:
            raise RuleBroken(f"{one[:200]!r} is not a header")
        name, value = found[1].decode(), found[2].decode()
        if name not in HEADERS or name in headers:
            raise RuleBroken(f"the header {name!r} is unknown, or there twice")
        headers[name] = value
    return int(match[1]), headers


def _check(answer: Answer) -> None:
    status, headers = answer.status, answer.headers
    if status not in STATUSES:
        raise RuleBroken(f"status {status}: {answer.body[:300]!r}")
    if status >= 400:
        try:
            told = json.loads(answer.body)["error"]
        except (ValueError, KeyError, TypeError):
            raise RuleBroken(f"{status} tells no reason: {answer.body[:300]!r}") from None
        if not told or not isinstance(told, str) or len(told) > 4000:
            raise RuleBroken(f"{status} tells {told!r:.300}")
        if "Traceback" in told or "serving/" in told:
            raise RuleBroken(f"{status} tells of the program: {told!r:.300}")
    if (status == 405) != ("allow" in headers):
        raise RuleBroken(f"{status} with the headers {headers}")


def request(
    body: bytes,
    *,
    content_type: str,
    accept: str = "",
    chunks: int = 0,
    headers: Iterable[tuple[str, str]] = (),
) -> bytes:
    """A right POST /invocations; with ``chunks``, in so many of them and without a length."""
    lines = ["POST /invocations HTTP/1.1", "host: x", f"content-type: {content_type}"]
    if accept:
        lines.append(f"accept: {accept}")
    lines += [f"{name}: {value}" for name, value in headers]
    if not chunks:
        lines.append(f"content-length: {len(body)}")
    else:
        lines.append("transfer-encoding: chunked")
        size = len(body) // chunks + 1
        parts = [body[start : start + size] for start in range(0, len(body), size)]
        body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
