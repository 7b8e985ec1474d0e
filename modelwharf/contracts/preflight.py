"""The findings of ``wharf preflight`` in an account."""

from enum import StrEnum

from modelwharf.artifact.contract import Contract


class Outcome(StrEnum):
    """How one check ended.

    ``unknown``: the check could not run, because a permission or an answer is missing. ``skipped``:
    the check does not apply. Neither means success.
    """

    PASS = "pass"  # noqa: S105 - an outcome
    FAIL = "fail"
    WARN = "warn"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


class Finding(Contract):
    """One check's finding. ``id`` never changes, so that a program may rely on it.

    ``seen`` is the observation, ``why`` the reason that it matters, ``command`` the remedy.
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
