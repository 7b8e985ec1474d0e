"""A body of questions in, a body of answers out, whichever model answers."""

import asyncio
import logging
from contextlib import AbstractContextManager
from functools import partial
from time import perf_counter_ns, thread_time_ns

from inference.annex import Annex, busy
from inference.asgi import Entry, Message, Receive, Send, headers_of, read_body, respond
from inference.formats import UNSUPPORTED_MEDIA_TYPE
from inference.limits import ANSWER_SECONDS
from inference.refusal import Headers, Refusal
from inference.way import Answer, Way

CUSTOM_ATTRIBUTES = b"x-amzn-sagemaker-custom-attributes"
CUSTOM_ATTRIBUTES_LIMIT = 1024  # characters of visible ASCII; InvokeEndpoint's own limit


LOG = logging.getLogger("inference")


async def invoke(
    lent: AbstractContextManager[Way],
    annex: Annex,
    scope: Message,
    receive: Receive,
    send: Send,
    *,
    seconds: float = ANSWER_SECONDS,
) -> None:
    """Answer one request: in the event loop when that is quick, otherwise in the annex.

    The way is asked for once the body has come, and given back before the answer is sent.
    Raises Refusal, 503 when it takes too long, or ClientGone.
    """
    try:
        async with asyncio.timeout(seconds):
            await _invoke(lent, annex, scope, receive, send)
    except TimeoutError:
        LOG.warning("%s %s took too long", scope["method"], scope["path"])
        raise busy(f"there was no answer within {seconds:g} s") from None


async def _invoke(
    lent: AbstractContextManager[Way], annex: Annex, scope: Message, receive: Receive, send: Send
) -> None:
    headers = headers_of(scope)
    _refuse_encoded(headers)
    attributes = custom_attributes(headers)
    with annex.place() as place:
        body = await read_body(receive, headers, place=place)
        entry: Entry = scope["entry"]
        entry.bytes_in = size = len(body)
        with lent as way:
            content_type = way.exchange.content_type
            if way.quick(size):
                begun = perf_counter_ns()
                answer = way.answer(body)
                way.took(size, perf_counter_ns() - begun)
            else:
                given = perf_counter_ns()
                answer, entry.queue = await annex.do(partial(_work, way, body, given))
            del way  # it may be the last name of a model that goes
    entry.rows, entry.parse = answer.rows, answer.parse
    entry.predict, entry.write = answer.predict, answer.write
    await respond(send, 200, answer.content, content_type, attributes)


def _work(way: Way, body: bytes, given: int) -> tuple[Answer, int]:
    """The answer, and the nanoseconds that it waited for this thread."""
    queue = perf_counter_ns() - given
    # Of this thread alone: what it waited for others would make a quick model look slow.
    begun = thread_time_ns()
    answer = way.answer(body)
    way.took(len(body), thread_time_ns() - begun)
    return answer, queue


def _refuse_encoded(headers: dict[bytes, bytes]) -> None:
    """Raises Refusal, 415, for a body that would have to be unpacked first."""
    encoding = headers.get(b"content-encoding", b"identity")
    if encoding.strip().lower() != b"identity":
        raise Refusal(
            f"Content-Encoding is {encoding.decode('latin-1')[:100]!r}; send the body as it is",
            status=UNSUPPORTED_MEDIA_TYPE,
        )


def custom_attributes(headers: dict[bytes, bytes]) -> Headers:
    """The client's, to be sent back. Raises Refusal."""
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
