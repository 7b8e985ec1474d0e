"""The results of ``wharf selftest``: an account compared with the laptop's cloud."""

from enum import StrEnum

from pydantic import JsonValue

from modelwharf.artifact.contract import Contract


class Comparison(StrEnum):
    """How an expectation and the observation compare."""

    SAME = "same"
    DIFFERS = "differs"
    UNSEEN = "unseen"
    """Not observed, because the release ended earlier or a call was denied."""


class Observed(Contract):
    """One promise held against an account. ``id`` never changes."""

    id: str
    comparison: Comparison
    promised: str
    seen: str


class SelftestReport(Contract):
    """All comparisons, without data that identify the account."""

    format: int = 1
    place: str
    """``AWS, region …`` or ``the laptop's cloud``."""
    versions: dict[str, str]
    release: str | None
    """None: no release started."""
    status: str
    """Of its execution, as Step Functions says it; "" without one."""
    observed: tuple[Observed, ...]
    gaps: tuple[str, ...] = ()
    """Observations that failed, and why."""
    events: tuple[dict[str, JsonValue], ...] = ()
    """Events of services as EventBridge delivered them."""
    stays: tuple[str, ...] = ()
    """What the selftest left in the account."""

    def count(self, comparison: Comparison) -> int:
        return sum(one.comparison is comparison for one in self.observed)

    @property
    def as_promised(self) -> bool:
        return self.count(Comparison.SAME) == len(self.observed)
