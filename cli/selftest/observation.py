"""A promise of the laptop's cloud, and how an account compares."""

from collections.abc import Callable
from dataclasses import dataclass

from cli.selftest.evidence import Evidence
from contracts.selftest import Comparison, Observed


@dataclass(frozen=True)
class Observation:
    """``promised`` says what the laptop does; ``look`` judges what the account did."""

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


Look = Callable[[Evidence], Observed]
