"""A cache of parsed request heads: clients repeat their heads byte for byte."""

from typing import NamedTuple

from modelwharf.serving.timed_exchange import TimedExchange

KNOWN_HEADS = 256  # heads that a worker caches
KNOWN_HEAD = 1024  # bytes of the longest cached head


class RequestHead(NamedTuple):
    """A parsed request head that the fast path can answer."""

    timed: TimedExchange
    found: dict[bytes, bytes]
    """The headers. Each came in a single line."""
    length: int
    """Bytes of the body."""
    kept: bool
    """Whether the client wants to keep the connection."""


class HeadCache:
    """Parsed heads that came at least twice."""

    def __init__(self) -> None:
        self._heads: dict[bytes, RequestHead] = {}
        self._once: set[int] = set()  # hashes of heads seen once

    def known(self, head: bytes) -> RequestHead | None:
        """Return the parsed head for exactly these bytes, if it is cached."""
        return self._heads.get(head)

    def remember(self, head: bytes, found: RequestHead) -> None:
        """Cache a parsed head when it comes for the second time.

        Some clients put something new into each head. Their heads come once and are not kept.
        """
        key = hash(head)
        if key not in self._once:
            if len(self._once) >= KNOWN_HEADS:
                self._once.clear()
            self._once.add(key)
            return
        if len(self._heads) >= KNOWN_HEADS:
            self._heads.clear()  # bounds the memory that a client with ever new heads can take
        self._heads[head] = found
