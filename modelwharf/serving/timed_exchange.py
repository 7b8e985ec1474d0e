"""Exchanges by the pair of request headers, with measured times."""

import math
from time import perf_counter_ns
from typing import Any, NamedTuple

from modelwharf.serving.limits import INLINE_BODY, INLINE_NANOSECONDS
from modelwharf.serving.served import Exchange, Served

KNOWN = 64  # cached pairs of headers
KEY_LIMIT = 256  # bytes of the longest cached pair


class TimedAnswer(NamedTuple):
    """A response's body, the rows in the request, and the nanoseconds of each step."""

    content: bytes
    rows: int
    parse: int
    predict: int
    write: int


class TimedExchange:
    """An exchange, with the response's head and the measured times by body size.

    The times decide whether a request may be answered in the event loop. A size that was not
    measured yet counts as slow: its first request goes to a thread.
    """

    __slots__ = ("_spent", "content_type", "exchange", "head")

    def __init__(self, exchange: Exchange[Any, Any]) -> None:
        self.exchange = exchange
        self.content_type = exchange.content_type.encode("latin-1")
        self.head = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-length: " % self.content_type
        # Nanoseconds by the bit length of the body's size; a moving average.
        self._spent = [math.inf] * (INLINE_BODY.bit_length() + 1)

    def answer(self, body: bytes) -> TimedAnswer:
        """Parse, predict and write one request. Raises Refusal."""
        exchange = self.exchange
        begun = perf_counter_ns()
        asked = exchange.parse(body)
        parsed = perf_counter_ns()
        answered = exchange.predict(asked)
        predicted = perf_counter_ns()
        content = exchange.write(answered)
        written = perf_counter_ns()
        rows = exchange.rows(asked)
        return TimedAnswer(content, rows, parsed - begun, predicted - parsed, written - predicted)

    def quick(self, size: int) -> bool:
        """Whether bodies of this size were answered fast enough for the event loop."""
        return size <= INLINE_BODY and self._spent[size.bit_length()] < INLINE_NANOSECONDS

    def took(self, size: int, nanoseconds: int) -> None:
        """Update the average with an answer's time. It falls faster than it rises.

        A busy machine makes slow outliers. The longest of them counts no more than one that is just
        too slow.
        """
        if size > INLINE_BODY:
            return
        nanoseconds = min(nanoseconds, 2 * INLINE_NANOSECONDS)
        place = size.bit_length()
        before = self._spent[place]
        if before == math.inf:
            self._spent[place] = nanoseconds
        else:
            weight = 0.5 if nanoseconds < before else 0.125
            self._spent[place] = before + (nanoseconds - before) * weight


class ExchangeCache:
    """The exchanges of one model by the raw Content-Type and Accept headers."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self._known: dict[tuple[bytes, bytes], TimedExchange] = {}

    def find(self, content_type: bytes, accept: bytes) -> TimedExchange:
        """Return the exchange for two headers. Raises Refusal: 415 or 406."""
        timed = self._known.get((content_type, accept))
        if timed is not None:
            return timed
        exchange = self.served.exchange(content_type.decode("latin-1"), accept.decode("latin-1"))
        timed = TimedExchange(exchange)
        if len(content_type) + len(accept) <= KEY_LIMIT:
            if len(self._known) >= KNOWN:
                self._known.clear()  # bounds the memory of a client with ever new headers
            self._known[content_type, accept] = timed
        return timed
