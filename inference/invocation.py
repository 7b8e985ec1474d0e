"""A body of questions in, a body of forecasts out, whichever model answers."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Self

from contracts.forecast import Forecast, ForecastRequest
from inference.asgi import Message, Receive, Send, headers_of, read_body, respond
from inference.forecast.codec import answer_format, decode, encode, request_format
from inference.refusal import Headers, Refusal

CUSTOM_ATTRIBUTES = b"x-amzn-sagemaker-custom-attributes"
CUSTOM_ATTRIBUTES_LIMIT = 1024  # characters of visible ASCII; InvokeEndpoint's own limit

Answer = Callable[[Sequence[ForecastRequest]], list[Forecast]]


class Invocation:
    """A request that has wholly arrived, in formats that are read and written."""

    def __init__(self, headers: dict[bytes, bytes], body: bytes) -> None:
        self._attributes = _custom_attributes(headers)
        self._asked = request_format(headers.get(b"content-type", b"").decode("latin-1"))
        self._wanted = answer_format(headers.get(b"accept", b"").decode("latin-1"), self._asked)
        self._body = body

    @classmethod
    async def read(cls, scope: Message, receive: Receive) -> Self:
        """Read a request to its end. Raises Refusal or ClientGone."""
        headers = headers_of(scope)
        return cls(headers, await read_body(receive, headers))

    async def work(self, answer: Answer) -> bytes:
        """The answer's body. Raises Refusal."""
        # In a thread, so that /ping is answered beside a large batch.
        return await asyncio.to_thread(self._work, answer)

    def _work(self, answer: Answer) -> bytes:
        questions = decode(self._body, self._asked)
        return encode(answer(questions.requests), self._wanted, single=questions.single)

    async def respond(self, send: Send, body: bytes) -> None:
        """Send the answer, and the client's custom attributes back with it."""
        await respond(send, 200, body, self._wanted, self._attributes)


def _custom_attributes(headers: dict[bytes, bytes]) -> Headers:
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
