"""The application, asked without a server."""

import asyncio
import json
import threading
from contextlib import nullcontext

import pytest

from inference.forecaster import Forecaster
from modelwharf.serving.app import App
from modelwharf.serving.application import read_body
from modelwharf.serving.invocation import invoke
from modelwharf.serving.limits import BODY_LIMIT, DRAIN_LIMIT
from modelwharf.serving.refusal import Refusal
from modelwharf.serving.request import Body, Request
from modelwharf.serving.thread_pool import ThreadPool
from modelwharf.serving.timed_exchange import TimedExchange
from tests.unit.serving.asking import ask, call
from tests.unit.serving.fakes import ROWS, Adding
from tests.waiting import HUNG

MEGABYTE = b" " * 1024 * 1024
REQUEST = b'{"product":"wti","date":"2018-01-29"}'
JSON = {"content-type": "application/json"}
CSV = {"content-type": "text/csv"}
ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"


@pytest.fixture
def app(forecaster: Forecaster) -> App:
    return App(forecaster)


def test_ping_is_503_until_the_model_is_there(forecaster: Forecaster) -> None:
    app = App()
    assert call(app, "GET", "/ping").status == 503
    answer = call(app, "POST", "/invocations", headers=JSON, chunks=[REQUEST])
    assert (answer.status, answer.headers[b"retry-after"]) == (503, b"1")
    assert call(App(forecaster), "GET", "/ping").status == 200


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
        (JSON | {"content-encoding": "gzip"}, REQUEST, 415, "Content-Encoding is 'gzip'"),
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


def test_a_wrong_method_is_told_the_right_ones(app: App) -> None:
    assert call(app, "DELETE", "/ping").headers[b"allow"] == b"GET, HEAD"
    assert call(app, "PUT", "/invocations").headers[b"allow"] == b"POST"


def test_ping_is_answered_to_head_too(app: App) -> None:
    assert call(app, "HEAD", "/ping").status == 200


@pytest.mark.parametrize("path", ["/models", "/models/wti", "/models/wti/invoke"])
def test_a_server_of_one_model_says_how_it_would_serve_many(app: App, path: str) -> None:
    answer = call(app, "GET", path)
    assert (answer.status, "SAGEMAKER_MULTI_MODEL=true" in answer.error) == (404, True)


def test_custom_attributes_come_back(app: App) -> None:
    headers = {**JSON, ATTRIBUTES: "trace=42; from=here"}
    answer = call(app, "POST", "/invocations", headers=headers, chunks=[REQUEST])
    assert answer.headers[ATTRIBUTES.encode()] == b"trace=42; from=here"
    answer = call(app, "POST", "/invocations", headers=JSON, chunks=[REQUEST])
    assert ATTRIBUTES.encode() not in answer.headers


@pytest.mark.parametrize("value", ["x" * 1025, "caf\u00e9", "a\x7fb"])
def test_custom_attributes_that_sagemaker_would_not_carry_are_refused(app: App, value: str) -> None:
    headers = {**JSON, ATTRIBUTES: value}
    answer = call(app, "POST", "/invocations", headers=headers, chunks=[REQUEST])
    assert (answer.status, "Custom-Attributes is" in answer.error) == (400, True)


def test_a_client_that_asks_before_it_sends_too_much_is_told_at_once(app: App) -> None:
    headers = {**JSON, "expect": "100-continue", "content-length": str(BODY_LIMIT + 1)}
    answer = call(app, "POST", "/invocations", headers=headers)
    assert (answer.status, answer.headers[b"connection"], answer.chunks_read) == (413, b"close", 0)


def fail(rows: object) -> None:
    raise ZeroDivisionError("secret detail")


def test_our_own_fault_is_500_and_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    answer = call(App(Adding(fail)), "POST", "/invocations", headers=CSV, chunks=[ROWS])
    assert answer.status == 500
    assert "secret" not in answer.error
    assert "secret detail" in caplog.text


def post(body: Body, content_type: bytes) -> Request:
    headers = {b"content-type": content_type}
    return Request("POST", "/invocations", b"/invocations", b"", headers, body)


def test_a_client_that_goes_away_gets_no_answer(app: App) -> None:
    async def story() -> None:
        body = Body()
        body.feed(REQUEST[:9])
        body.abandon()
        assert await app.respond(post(body, b"application/json")) is None

    asyncio.run(story())


class Waiting(Adding):
    """A model whose answer takes as long as ``may_answer`` lets it."""

    def __init__(self) -> None:
        super().__init__(self.wait)
        self.asked = threading.Event()
        self.may_answer = threading.Event()

    def wait(self, rows: object) -> None:
        self.asked.set()
        assert self.may_answer.wait(HUNG)


def test_ping_is_answered_beside_a_slow_invocation() -> None:
    slow = Waiting()
    app = App(slow)

    async def both() -> tuple[int, int]:
        invocation = asyncio.create_task(
            ask(app, "POST", "/invocations", headers=CSV, chunks=[ROWS])
        )
        assert await asyncio.to_thread(slow.asked.wait, 10)
        ping = await ask(app, "GET", "/ping")
        assert not invocation.done()
        slow.may_answer.set()
        return ping.status, (await invocation).status

    assert asyncio.run(both()) == (200, 200)


def test_a_request_that_the_end_of_the_server_cuts_off_is_told_so() -> None:
    slow = Waiting()

    async def story() -> int:
        request = asyncio.create_task(
            ask(App(slow), "POST", "/invocations", headers=CSV, chunks=[ROWS])
        )
        assert await asyncio.to_thread(slow.asked.wait, 10)
        request.cancel()
        slow.may_answer.set()
        return (await request).status

    assert asyncio.run(story()) == 503


def test_a_batch_transform_is_told_what_it_may_send() -> None:
    for parallel in (2, 64):
        answer = call(App(Adding(), parallel=parallel), "GET", "/execution-parameters").json
        assert answer["MaxConcurrentTransforms"] == min(parallel, 16)
        # SageMaker's limit on the product; https://docs.aws.amazon.com/sagemaker/latest/
        # APIReference/API_CreateTransformJob.html
        assert answer["MaxConcurrentTransforms"] * answer["MaxPayloadInMB"] <= 100
        assert answer["BatchStrategy"] in ("MULTI_RECORD", "SINGLE_RECORD")


def test_the_server_describes_itself() -> None:
    document = call(App(Adding()), "GET", "/openapi.json").json
    assert document["openapi"].startswith("3.1")
    assert {"/ping", "/invocations", "/execution-parameters"} <= document["paths"].keys()
    assert call(App(), "GET", "/openapi.json").status == 503  # it knows nothing yet


def test_an_answer_that_takes_too_long_is_503() -> None:
    slow = Waiting()

    async def story() -> None:
        body = Body()
        body.feed(ROWS)
        body.end()
        timed = nullcontext(TimedExchange(slow))
        try:
            await invoke(timed, ThreadPool(), post(body, b"text/csv"), seconds=0.05)
        finally:
            slow.may_answer.set()

    with pytest.raises(Refusal, match=r"no answer within 0\.05 s") as refused:
        asyncio.run(story())
    assert (refused.value.status, refused.value.headers) == (503, ((b"retry-after", b"1"),))


def test_a_body_that_does_not_come_to_its_end_is_408() -> None:
    async def story() -> None:
        await read_body(post(Body(), b"text/csv"), seconds=0.05)

    with pytest.raises(Refusal, match=r"not there within 0\.05 s") as refused:
        asyncio.run(story())
    assert (refused.value.status, refused.value.headers) == (408, ((b"connection", b"close"),))
