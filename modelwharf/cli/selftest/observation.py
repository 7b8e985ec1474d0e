"""A promise of the laptop's cloud, and its comparison with an account."""

from collections.abc import Callable
from dataclasses import dataclass

from modelwharf.cli.selftest.evidence import Evidence
from modelwharf.contracts.selftest import Comparison, Observed


@dataclass(frozen=True)
class Observation:
    """A promise. ``promised`` says what the laptop does; ``look`` judges what the account did."""

    id: str
    promised: str

    def same(self, seen: str) -> Observed:
        return self._observed(Comparison.SAME, seen)

    def differs(self, seen: str) -> Observed:
        return self._observed(Comparison.DIFFERS, seen)

    def unseen(self, why: str) -> Observed:
        return self._observed(Comparison.UNSEEN, why)

    def _observed(self, comparison: Comparison, seen: str) -> Observed:
        return Observed(id=self.id, comparison=comparison, promised=self.promised, seen=seen)


Observe = Callable[[Evidence], Observed]
