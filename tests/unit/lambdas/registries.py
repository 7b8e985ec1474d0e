"""A registry on loopback that answers as the public ones do: refusals, tokens, manifests."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

INDEX = b'{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json"}'
DIGEST = "sha256:" + hashlib.sha256(INDEX).hexdigest()
TOKEN = "anonymous"


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, list[str]]
    authorization: str
    accept: str


@dataclass
class Behaviour:
    """What the registry is like; a test changes it."""

    challenge: str = 'Bearer realm="{url}/token/",service="public.ecr.aws",scope="aws"'
    """Empty: it asks for no token."""
    token: bytes = json.dumps({"token": TOKEN}).encode()
    token_status: int = 200
    heads: bool = True
    """Whether it knows HEAD."""
    missing: bool = False
    digest: str | None = DIGEST
    refusal: tuple[int, bytes] | None = None
    silent: bool = False
    """It takes the request and gives no answer until it is closed."""
    asked: list[Asked] = field(default_factory=list)


class Registry(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.like = Behaviour()
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answering(BaseHTTPRequestHandler):
    server: Registry

    def do_HEAD(self) -> None:
        self._manifest()

    def do_GET(self) -> None:
        if self.path.startswith("/token"):
            self._note()
            self._answer(self.server.like.token_status, self.server.like.token)
        else:
            self._manifest()

    def _manifest(self) -> None:
        like = self.server.like
        self._note()
        if like.silent:
            self.server.closing.wait()
        if like.refusal is not None:
            self._answer(*like.refusal)
        elif like.challenge and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            challenge = like.challenge.replace("{url}", self.server.url)
            words = b'{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}'
            self._answer(401, words, {"Www-Authenticate": challenge})
        elif self.command == "HEAD" and not like.heads:
            self._answer(405, b"")
        elif like.missing:
            self._answer(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"not here"}]}')
        else:
            named = {} if like.digest is None else {"docker-content-digest": like.digest}
            self._answer(200, INDEX, named)

    def _note(self) -> None:
        parts = urlsplit(self.path)
        self.server.like.asked.append(
            Asked(
                method=self.command,
                path=parts.path,
                query=parse_qs(parts.query),
                authorization=self.headers.get("Authorization", ""),
                accept=self.headers.get("Accept", ""),
            )
        )

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def running() -> Iterator[Registry]:
    server = Registry()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
