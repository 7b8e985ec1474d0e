"""What a tool found, and which findings stand with a reason."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

EXCEPTIONS = Path(__file__).parent / "exceptions.toml"


@dataclass(frozen=True)
class Finding:
    """``check``: the tool's name of the rule. ``where``: a logical id without the CDK's hash."""

    tool: str
    check: str
    where: str
    what: str
    reason: str = ""
    """Why it stands, where the template itself says so."""


@dataclass(frozen=True)
class Excepted:
    """Findings that stand. ``where`` and ``what`` are patterns as in a shell."""

    tool: str
    check: str
    where: str
    reason: str
    what: str = "*"

    def covers(self, finding: Finding) -> bool:
        return (
            (self.tool, self.check) == (finding.tool, finding.check)
            and fnmatchcase(finding.where, self.where)
            and fnmatchcase(finding.what, self.what)
        )


@dataclass(frozen=True)
class Report:
    """One tool's run. ``checks`` counts what it looked at, in its own unit."""

    tool: str
    version: str
    unit: str
    checks: int
    findings: tuple[Finding, ...]


def excepted(path: Path = EXCEPTIONS) -> list[Excepted]:
    """The file's exceptions. Raises ValueError for one without a reason."""
    entries = [Excepted(**entry) for entry in tomllib.loads(path.read_text())["exception"]]
    bare = [f"{entry.tool} {entry.check}" for entry in entries if not entry.reason.strip()]
    if bare:
        raise ValueError(f"{path.name}: no reason for {', '.join(bare)}")
    return entries


def reason_of(finding: Finding, exceptions: list[Excepted]) -> str | None:
    """Why the finding stands; None for one without an explanation."""
    if finding.reason:
        return finding.reason
    return next((entry.reason for entry in exceptions if entry.covers(finding)), None)


def stale(reports: Iterable[Report], exceptions: list[Excepted]) -> list[Excepted]:
    """Exceptions that cover nothing that a tool still finds."""
    findings = [finding for report in reports for finding in report.findings]
    return [exception for exception in exceptions if not any(map(exception.covers, findings))]
