"""How the requests with one pair of headers are answered, and what that has cost so far."""

import math
from time import perf_counter_ns
from typing import Any, NamedTuple

from inference.limits import INLINE_BODY, INLINE_NANOSECONDS
from inference.served import Exchange, Served

KNOWN = 64  # pairs of headers whose exchange is kept
KEY_LIMIT = 256  # bytes of a pair that is kept


class Answer(NamedTuple):
    """An answer's body, the rows asked for, and the nanoseconds that each step took."""

    content: bytes
    rows: int
    parse: int
    predict: int
    write: int


class Way:
    """An exchange, with the answer's head and the time that answers take, by body size.

    The times tell whether a request may be answered in the event loop. What has not been
    measured yet is taken for slow: the first request of a size goes to a thread.
    """

    __slots__ = ("_spent", "content_type", "exchange", "head")

    def __init__(self, exchange: Exchange[Any, Any]) -> None:
        self.exchange = exchange
        self.content_type = exchange.content_type.encode("latin-1")
        self.head = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-length: " % self.content_type
        # Nanoseconds by the body's size in bits; a moving average.
        self._spent = [math.inf] * (INLINE_BODY.bit_length() + 1)

    def answer(self, body: bytes) -> Answer:
        """Raises Refusal."""
        exchange = self.exchange
        begun = perf_counter_ns()
        asked = exchange.parse(body)
        parsed = perf_counter_ns()
        answered = exchange.predict(asked)
        predicted = perf_counter_ns()
        content = exchange.write(answered)
        written = perf_counter_ns()
        rows = exchange.rows(asked)
        return Answer(content, rows, parsed - begun, predicted - parsed, written - predicted)

    def quick(self, size: int) -> bool:
        """Whether a body of this many bytes has been answered fast enough for the event loop."""
        return size <= INLINE_BODY and self._spent[size.bit_length()] < INLINE_NANOSECONDS

    def took(self, size: int, nanoseconds: int) -> None:
        """Learn from an answer. Down faster than up: a busy machine makes outliers, upwards, of
        which the longest counts no more than one that is just too slow.
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


class Ways:
    """The ways of one model, by the Content-Type and Accept headers as they were sent."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self._known: dict[tuple[bytes, bytes], Way] = {}

    def find(self, content_type: bytes, accept: bytes) -> Way:
        """Raises Refusal: 415 or 406."""
        way = self._known.get((content_type, accept))
        if way is not None:
            return way
        exchange = self.served.exchange(content_type.decode("latin-1"), accept.decode("latin-1"))
        way = Way(exchange)
        if len(content_type) + len(accept) <= KEY_LIMIT:
            if len(self._known) >= KNOWN:
                self._known.clear()  # whoever sends ever new headers gets no memory for it
            self._known[content_type, accept] = way
        return way
