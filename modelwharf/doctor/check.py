"""A check's identity, and its possible findings."""

from collections.abc import Sequence
from dataclasses import dataclass

from modelwharf.contracts.examination import Finding, ImageRole, Verdict
from modelwharf.engines.log_tail import readable

PING = "GET /ping"
LOG_LINES = 8  # a program's last lines, shown with a finding


@dataclass(frozen=True)
class Check:
    """One check. ``why`` says why SageMaker requires it, with the source."""

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
            log=_last(log),
        )


def _last(log: Sequence[str]) -> tuple[str, ...]:
    """Return the last lines, without the doctor's own pings, which would hide the others."""
    others = [line for line in log if PING not in line]
    shown = (readable(line) for line in others or log)
    return tuple(line for line in shown if line)[-LOG_LINES:]
