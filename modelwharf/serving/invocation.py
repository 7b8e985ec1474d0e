"""One invocation: a request's body in, a response's body out, for any kind of model."""

import asyncio
import logging
from contextlib import AbstractContextManager
from functools import partial
from time import perf_counter_ns, thread_time_ns

from modelwharf.serving.application import read_body
from modelwharf.serving.formats import UNSUPPORTED_MEDIA_TYPE
from modelwharf.serving.limits import ANSWER_SECONDS
from modelwharf.serving.refusal import Headers, Refusal
from modelwharf.serving.request import Request
from modelwharf.serving.response import Response
from modelwharf.serving.thread_pool import ThreadPool, busy
from modelwharf.serving.timed_exchange import TimedAnswer, TimedExchange

CUSTOM_ATTRIBUTES = b"x-amzn-sagemaker-custom-attributes"
CUSTOM_ATTRIBUTES_LIMIT = 1024  # characters of visible ASCII; InvokeEndpoint's own limit

LOG = logging.getLogger("inference")


async def invoke(
    lent: AbstractContextManager[TimedExchange],
    pool: ThreadPool,
    request: Request,
    *,
    seconds: float = ANSWER_SECONDS,
) -> Response:
    """Answer one request: in the event loop when that is fast, otherwise in a thread.

    The exchange is taken once the body is complete, and released before the response is sent.
    Raises Refusal (503 when it takes too long) or ClientGone.
    """
    try:
        async with asyncio.timeout(seconds):
            return await _invoke(lent, pool, request)
    except TimeoutError:
        LOG.warning("%s %s took too long", request.method, request.path)
        raise busy(f"there was no answer within {seconds:g} s") from None


async def _invoke(
    lent: AbstractContextManager[TimedExchange], pool: ThreadPool, request: Request
) -> Response:
    _refuse_encoded(request.headers)
    attributes = custom_attributes(request.headers)
    with pool.reserve() as reservation:
        body = await read_body(request, reservation=reservation)
        request.bytes_in = size = len(body)
        with lent as timed:
            content_type = timed.exchange.content_type
            queue = 0
            if timed.quick(size):
                begun = perf_counter_ns()
                answer = timed.answer(body)
                timed.took(size, perf_counter_ns() - begun)
            else:
                given = perf_counter_ns()
                answer, queue = await pool.do(partial(_work, timed, body, given))
            del timed  # it may be the last reference to an unloaded model
    request.rows = answer.rows
    request.steps = (queue, answer.parse, answer.predict, answer.write)
    return Response(200, answer.content, content_type, attributes)


def _work(timed: TimedExchange, body: bytes, given: int) -> tuple[TimedAnswer, int]:
    """Return the answer, and the nanoseconds that the request waited for this thread."""
    queue = perf_counter_ns() - given
    # CPU time of this thread: waiting for other threads would make a fast model look slow.
    begun = thread_time_ns()
    answer = timed.answer(body)
    timed.took(len(body), thread_time_ns() - begun)
    return answer, queue


def _refuse_encoded(headers: dict[bytes, bytes]) -> None:
    """Refuse a compressed body. Raises Refusal with 415."""
    encoding = headers.get(b"content-encoding", b"identity")
    if encoding.strip().lower() != b"identity":
        raise Refusal(
            f"Content-Encoding is {encoding.decode('latin-1')[:100]!r}; send the body as it is",
            status=UNSUPPORTED_MEDIA_TYPE,
        )


def custom_attributes(headers: dict[bytes, bytes]) -> Headers:
    """Return the client's custom attributes for the response. Raises Refusal."""
    value = headers.get(CUSTOM_ATTRIBUTES)
    if value is None:
        return ()
    visible = value.isascii() and value.decode().isprintable()
    if len(value) > CUSTOM_ATTRIBUTES_LIMIT or not visible:
        raise Refusal(
            f"X-Amzn-SageMaker-Custom-Attributes is {value[:100]!r} ({len(value)} bytes); allowed "
            f"are {CUSTOM_ATTRIBUTES_LIMIT} characters of visible ASCII"
        )
    return ((CUSTOM_ATTRIBUTES, value),)
