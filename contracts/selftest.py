"""What ``wharf selftest`` saw in an account, beside what the laptop's cloud promises."""

from enum import StrEnum

from pydantic import JsonValue

from contracts.model import Contract


class Comparison(StrEnum):
    """How one promise and what was seen compare."""

    SAME = "same"
    DIFFERS = "differs"
    UNSEEN = "unseen"
    """It could not be looked at, because the release did not come so far or a call was denied."""


class Observed(Contract):
    """One promise held against an account. ``id`` never changes."""

    id: str
    comparison: Comparison
    promised: str
    seen: str


class SelftestReport(Contract):
    """Everything that was compared, without what tells whose account it was."""

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
    """What could not be looked at, and why."""
    events: tuple[dict[str, JsonValue], ...] = ()
    """Events of services as EventBridge handed them on."""
    stays: tuple[str, ...] = ()
    """What the selftest left in the account."""

    def count(self, comparison: Comparison) -> int:
        return sum(one.comparison is comparison for one in self.observed)

    @property
    def as_promised(self) -> bool:
        return self.count(Comparison.SAME) == len(self.observed)
