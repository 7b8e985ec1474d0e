"""What lanes find: answers by their status, and rules that were broken."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.fuzz.wire import RuleBroken

KEPT = 10  # broken rules that are told of a lane; more are counted
HUNG = 3  # requests without an answer in time: more would take hours


@dataclass
class Found:
    """``answers``: by status. ``reported``: the first KEPT of ``broken`` rules."""

    answers: Counter[int] = field(default_factory=Counter)
    told: list[str] = field(default_factory=list)
    broken: int = 0
    _hung: int = 0

    @contextmanager
    def noting(self, *more: type[BaseException]) -> Iterator[None]:
        """Notes a rule that is broken in the block, or an exception of ``more``, and goes on.

        A server that takes no connection, or does not answer for the HUNG-th time, ends it all.
        """
        kinds: tuple[type[BaseException], ...] = (RuleBroken, TimeoutError, *more)
        try:
            yield
        except kinds as error:
            self.broken += 1
            if len(self.told) < KEPT:
                self.told.append(f"{error!r}"[:6000])
            self._hung += isinstance(error, TimeoutError)
            if self._hung >= HUNG:
                raise

    def add(self, other: "Found") -> None:
        self.answers += other.answers
        self.told += other.told
        self.broken += other.broken


def until_answered(
    found: Found, count: int, number: int, each: int, turn: Callable[[int, int], None]
) -> None:
    """Turns, each of so many examples and with another seed, until ``count`` requests are
    answered. ``each``: about how many an example asks. Raises RuleBroken when none is.
    """
    while (left := count - found.answers.total()) > 0:
        before = found.answers.total()
        turn(-(-left // each), number)
        number += 1_000_000_007
        if found.answers.total() == before:
            raise RuleBroken(f"{left} requests are left, and none is answered")
