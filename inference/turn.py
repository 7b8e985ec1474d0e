"""Requests that came in one turn of the event loop or the next, answered together.

To answer each at once costs a packet, and the waking of whoever waits for it, between any two
requests: under load most of a small request's time. Models that answer several rows at once
with the bits of each alone (``Exchange.predict_all``) are asked once a turn.

The next turn only looks who is there, and waits for nobody. Under load it finds those whose
requests came while the first were read. Left for later, they would wait for these answers and
then for their own: twice as long as everybody else.
"""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, NamedTuple

from inference.asgi import INTERNAL_ERROR
from inference.refusal import Headers, Refusal
from inference.way import Way

if TYPE_CHECKING:
    from inference.http_protocol import Protocol

LOG = logging.getLogger("inference")


class Waiting(NamedTuple):
    """A request that has been read, and what its answer's head needs."""

    protocol: "Protocol"
    way: Way
    asked: Any
    request_id: bytes
    found: dict[bytes, bytes]
    extra: Headers
    size: int
    """Of the body, in bytes."""
    since: int
    """When its first byte came, as perf_counter_ns tells."""
    parse: int
    """Nanoseconds."""
    kept: bool
    """Whether the client wishes to keep the connection."""


class Turn:
    """What waits for its answer. A connection has one request in it."""

    def __init__(self) -> None:
        self._waiting: list[Waiting] = []

    def add(self, one: Waiting, soon: Callable[[Callable[[], object]], object]) -> None:
        """``soon`` is the loop's ``call_soon``: what it is given runs before the next turn."""
        if not self._waiting:
            soon(partial(soon, self.answer))
        self._waiting.append(one)

    def answer(self) -> None:
        """Answer all that wait; whoever needs an answer to be out may call it sooner."""
        waiting, self._waiting = self._waiting, []
        ways: dict[Way, list[Waiting]] = {}
        for one in waiting:
            ways.setdefault(one.way, []).append(one)
        for way, requests in ways.items():
            _answer(way, requests)


def _answer(way: Way, requests: Sequence[Waiting]) -> None:
    begun = perf_counter_ns()
    answers = _predicted(way, requests)
    predict = (perf_counter_ns() - begun) // len(requests)
    for one, answered in zip(requests, answers, strict=True):
        try:
            _tell(one, answered, predict)
        except Exception:  # the others of this turn wait for theirs
            LOG.exception("an answer could not be sent")
            one.protocol.transport.abort()


def _tell(one: Waiting, answered: Any, predict: int) -> None:
    begun = perf_counter_ns()
    write = 0
    try:
        if isinstance(answered, Exception):
            raise answered
        content = one.way.exchange.write(answered)
    except Refusal as refusal:
        one.protocol.refuse(one, refusal.status, refusal.reason, refusal.headers)
    except Exception as error:
        LOG.error("POST /invocations failed", exc_info=error)
        one.protocol.refuse(one, 500, INTERNAL_ERROR)
    else:
        write = perf_counter_ns() - begun
        one.protocol.answer(one, content, predict, write)
    one.way.took(one.size, one.parse + predict + write)


def _predicted(way: Way, requests: Sequence[Waiting]) -> Sequence[Any]:
    """An answer, or an exception, for each."""
    exchange = way.exchange
    try:
        return exchange.predict_all([one.asked for one in requests])
    except Exception:  # whose it is, each alone tells
        return [_alone(way, one) for one in requests]


def _alone(way: Way, one: Waiting) -> Any:
    try:
        return way.exchange.predict(one.asked)
    except Exception as error:
        return error
