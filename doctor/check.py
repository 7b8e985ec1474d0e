"""A check's identity, and the findings that it can come to."""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.examination import Finding, ImageRole, Verdict

LOG_LINES = 8  # of a program's own last lines, shown with a finding


@dataclass(frozen=True)
class Check:
    """``why`` says why SageMaker cares, with the source of that."""

    id: str
    image: ImageRole
    why: str

    def passed(self, seen: str) -> Finding:
        return self._finding(Verdict.PASS, seen)

    def skipped(self, reason: str, change: str = "") -> Finding:
        return self._finding(Verdict.SKIPPED, reason, change)

    def failed(self, seen: str, *, change: str, log: Sequence[str] = ()) -> Finding:
        return self._finding(Verdict.FAIL, seen, change, log)

    def warned(self, seen: str, *, change: str, log: Sequence[str] = ()) -> Finding:
        return self._finding(Verdict.WARN, seen, change, log)

    def _finding(
        self, verdict: Verdict, seen: str, change: str = "", log: Sequence[str] = ()
    ) -> Finding:
        return Finding(
            id=self.id,
            image=self.image,
            verdict=verdict,
            seen=seen,
            why=self.why,
            change=change,
            log=tuple(log)[-LOG_LINES:],
        )
