"""A micro batch: requests of two iterations of the event loop, answered together.

Answering each request at once costs a packet and wakes its client between any two requests: under
load, most of a small request's time. Models that give several rows the same bits as each row alone
(``Exchange.predict_all``) are called once per batch.

The next iteration only reads what has arrived and waits for nothing. Under load it finds requests
that arrived while the first were read. A later batch would let them wait for these answers and then
for their own: twice as long as the others.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter_ns
from typing import Any, NamedTuple, Protocol

from modelwharf.serving.application import INTERNAL_ERROR
from modelwharf.serving.refusal import Headers, Refusal
from modelwharf.serving.timed_exchange import TimedExchange

LOG = logging.getLogger("inference")


class Answering(Protocol):
    """A connection that sends the responses to its requests."""

    transport: asyncio.Transport

    def answer(self, one: "PendingRequest", content: bytes, predict: int, write: int) -> None:
        """Send a response. ``predict``, ``write``: nanoseconds of these steps."""

    def refuse(
        self, one: "PendingRequest", status: int, reason: str, headers: Headers = ()
    ) -> None:
        """Send an error."""


class PendingRequest(NamedTuple):
    """A parsed request, and what its response's head needs."""

    connection: Answering
    timed: TimedExchange
    asked: Any
    request_id: bytes
    found: dict[bytes, bytes]
    extra: Headers
    size: int
    """Size of the body in bytes."""
    since: int
    """When its first byte arrived, by perf_counter_ns."""
    parse: int
    """Nanoseconds of parsing."""
    kept: bool
    """Whether the client wants to keep the connection."""


class MicroBatch:
    """The requests that wait for their answers, at most one per connection."""

    def __init__(self) -> None:
        self._pending: list[PendingRequest] = []

    def add(self, one: PendingRequest, soon: Callable[[Callable[[], object]], object]) -> None:
        """Add a request. ``soon`` is the loop's ``call_soon``: it runs a function in the next
        iteration.
        """
        if not self._pending:
            soon(partial(soon, self.answer))
        self._pending.append(one)

    def answer(self) -> None:
        """Answer all waiting requests. A caller that needs a response earlier may call it."""
        pending, self._pending = self._pending, []
        groups: dict[TimedExchange, list[PendingRequest]] = {}
        for one in pending:
            groups.setdefault(one.timed, []).append(one)
        for timed, requests in groups.items():
            _answer(timed, requests)


def _answer(timed: TimedExchange, requests: Sequence[PendingRequest]) -> None:
    begun = perf_counter_ns()
    answers = _predicted(timed, requests)
    predict = (perf_counter_ns() - begun) // len(requests)
    for one, answered in zip(requests, answers, strict=True):
        try:
            _tell(one, answered, predict)
        except Exception:  # the other requests of this batch still need an answer
            LOG.exception("an answer could not be sent")
            one.connection.transport.abort()


def _tell(one: PendingRequest, answered: Any, predict: int) -> None:
    begun = perf_counter_ns()
    write = 0
    try:
        if isinstance(answered, Exception):
            raise answered
        content = one.timed.exchange.write(answered)
    except Refusal as refusal:
        one.connection.refuse(one, refusal.status, refusal.reason, refusal.headers)
    except Exception as error:
        LOG.error("POST /invocations failed", exc_info=error)
        one.connection.refuse(one, 500, INTERNAL_ERROR)
    else:
        write = perf_counter_ns() - begun
        one.connection.answer(one, content, predict, write)
    one.timed.took(one.size, one.parse + predict + write)


def _predicted(timed: TimedExchange, requests: Sequence[PendingRequest]) -> Sequence[Any]:
    """Return an answer or an exception for each request."""
    exchange = timed.exchange
    try:
        return exchange.predict_all([one.asked for one in requests])
    except Exception:  # running each request alone shows whose error it is
        return [_alone(timed, one) for one in requests]


def _alone(timed: TimedExchange, one: PendingRequest) -> Any:
    try:
        return timed.exchange.predict(one.asked)
    except Exception as error:
        return error
