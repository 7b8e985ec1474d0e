"""The ASGI application, asked without a server."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from contracts.forecast import ForecastRequest
from inference.app import App
from inference.asgi import BODY_LIMIT, DRAIN_LIMIT
from inference.forecaster import Forecaster

MEGABYTE = b" " * 1024 * 1024
REQUEST = b'{"product":"wti","date":"2018-01-29"}'
JSON = {"content-type": "application/json"}


@dataclass
class Answer:
    status: int
    headers: dict[bytes, bytes]
    body: bytes
    chunks_read: int

    @property
    def error(self) -> str:
        return str(json.loads(self.body)["error"])


def call(
    app: App,
    method: str,
    path: str,
    *,
    headers: dict[str, str] | None = None,
    chunks: Iterable[bytes] = (b"",),
) -> Answer:
    scope = {
        "type": "http",
        "method": method,
        "path": path,
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

    asyncio.run(app(scope, receive, send))
    start, end = sent
    return Answer(start["status"], dict(start["headers"]), end["body"], read)


@pytest.fixture
def app(forecaster: Forecaster) -> App:
    return App(forecaster)


def test_ping_is_503_until_the_model_is_there(forecaster: Forecaster) -> None:
    app = App()
    assert call(app, "GET", "/ping").status == 503
    assert call(app, "POST", "/invocations", headers=JSON, chunks=[REQUEST]).status == 503
    app.forecaster = forecaster
    assert call(app, "GET", "/ping").status == 200


def test_an_invocation_answers_in_the_format_asked(app: App) -> None:
    answer = call(app, "POST", "/invocations", headers=JSON, chunks=[REQUEST[:9], REQUEST[9:]])
    assert answer.status == 200
    assert answer.headers[b"content-type"] == b"application/json"
    assert answer.headers[b"content-length"] == str(len(answer.body)).encode()
    assert json.loads(answer.body)["horizon"] == 3


def test_an_invocation_answers_in_the_format_accepted(app: App) -> None:
    headers = {**JSON, "accept": "text/csv"}
    answer = call(app, "POST", "/invocations", headers=headers, chunks=[REQUEST])
    assert answer.headers[b"content-type"] == b"text/csv"
    assert answer.body.startswith(b"product,date,as_of")


@pytest.mark.parametrize(
    ("headers", "body", "status", "reason"),
    [
        (JSON, b'{"product":"gold","date":"2018-01-29"}', 400, "unknown product 'gold'"),
        (JSON, b'{"product":"wti","date":"2018-01-27"}', 400, "is a Saturday"),
        (JSON, b"{", 400, "Invalid JSON"),
        ({}, REQUEST, 415, "without Content-Type"),
        ({"content-type": "text/html"}, REQUEST, 415, "'text/html' is not supported"),
        ({**JSON, "accept": "text/html"}, REQUEST, 406, "Accept 'text/html'"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_the_reason(
    app: App, headers: dict[str, str], body: bytes, status: int, reason: str
) -> None:
    answer = call(app, "POST", "/invocations", headers=headers, chunks=[body])
    assert answer.status == status
    assert reason in answer.error


def test_a_body_above_the_limit_is_refused(app: App) -> None:
    chunks = [MEGABYTE] * (BODY_LIMIT // len(MEGABYTE)) + [REQUEST]
    answer = call(app, "POST", "/invocations", headers=JSON, chunks=chunks)
    assert (answer.status, answer.error) == (413, f"the body is longer than {BODY_LIMIT} bytes")


def test_a_body_at_the_limit_is_read(app: App) -> None:
    padding = BODY_LIMIT - len(REQUEST)
    whole, rest = divmod(padding, len(MEGABYTE))
    chunks = [MEGABYTE] * whole + [MEGABYTE[:rest], REQUEST]
    assert call(app, "POST", "/invocations", headers=JSON, chunks=chunks).status == 200


def test_an_endless_body_is_not_read_to_its_end(app: App) -> None:
    chunks = [MEGABYTE] * 1000
    answer = call(app, "POST", "/invocations", headers=JSON, chunks=chunks)
    assert answer.status == 413
    assert answer.chunks_read == DRAIN_LIMIT // len(MEGABYTE) + 1


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/ping", 405),
        ("GET", "/invocations", 405),
        ("GET", "/", 404),
        ("POST", "/invocations/", 404),
    ],
)
def test_elsewhere_there_is_nothing(app: App, method: str, path: str, status: int) -> None:
    assert call(app, method, path).status == status


class Failing(Forecaster):
    """A model with a fault of ours in it."""

    def __init__(self) -> None:
        pass

    def answer(self, requests: object) -> list[Any]:
        raise ZeroDivisionError("secret detail")


def test_our_own_fault_is_500_and_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    answer = call(App(Failing()), "POST", "/invocations", headers=JSON, chunks=[REQUEST])
    assert answer.status == 500
    assert "secret" not in answer.error
    assert "secret detail" in caplog.text


def test_a_client_that_goes_away_gets_no_answer(app: App) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/invocations", "headers": []}
    asyncio.run(app(scope, receive, send))
    assert sent == []


class Waiting(Forecaster):
    """A model whose answer takes as long as ``may_answer`` lets it."""

    def __init__(self) -> None:
        import threading

        self.asked = threading.Event()
        self.may_answer = threading.Event()

    def answer(self, requests: object) -> list[Any]:
        self.asked.set()
        assert self.may_answer.wait(10)
        return [ForecastRequest.model_validate_json(REQUEST)]


def test_ping_is_answered_beside_a_slow_invocation() -> None:
    slow = Waiting()
    app = App(slow)
    statuses: list[int] = []

    async def ask(method: str, path: str, body: bytes) -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        headers = [(b"content-type", b"application/json")]
        scope = {"type": "http", "method": method, "path": path, "headers": headers}
        await app(scope, receive, send)

    async def both() -> None:
        invocation = asyncio.create_task(ask("POST", "/invocations", REQUEST))
        assert await asyncio.to_thread(slow.asked.wait, 10)
        await ask("GET", "/ping", b"")
        assert statuses == [200]
        slow.may_answer.set()
        await invocation

    asyncio.run(both())
    assert statuses == [200, 200]
