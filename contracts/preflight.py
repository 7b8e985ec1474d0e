"""What ``wharf preflight`` found in an account."""

from enum import StrEnum

from contracts.model import Contract


class Outcome(StrEnum):
    """How one check ended.

    ``unknown``: it could not be made, because a permission or an answer is missing. ``skipped``:
    it makes no sense here. Neither says that all is well.
    """

    PASS = "pass"  # noqa: S105 - an outcome
    FAIL = "fail"
    WARN = "warn"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


class Finding(Contract):
    """One thing that was looked at. ``id`` never changes, so that a program may rely on it.

    ``seen`` is what was there, ``why`` the reason that it matters, ``command`` what mends it.
    """

    id: str
    outcome: Outcome
    seen: str
    why: str
    command: str = ""


class Preflight(Contract):
    """All findings, in the order in which they were made, and where."""

    project: str
    place: str
    """The account and the region, or the laptop's cloud."""
    findings: tuple[Finding, ...]

    def count(self, outcome: Outcome) -> int:
        return sum(finding.outcome is outcome for finding in self.findings)
