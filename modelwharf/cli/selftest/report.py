"""The report of the comparison, for people and for programs."""

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from modelwharf.cli.selftest.evidence import Evidence
from modelwharf.cli.selftest.plan import compare
from modelwharf.cli.selftest.redaction import redacted
from modelwharf.cli.selftest.trial import Trial
from modelwharf.contracts.selftest import Comparison, SelftestReport

MARKS = {Comparison.SAME: "✓", Comparison.DIFFERS: "✗", Comparison.UNSEEN: "?"}
JSON_FILE, TEXT_FILE = "selftest-report.json", "selftest-report.txt"


def report_of(trial: Trial, evidence: Evidence) -> SelftestReport:
    """Return the redacted report, which is meant to be sent to others."""
    services, stack = trial.services, trial.stack
    place = "the laptop's cloud" if services.on_laptop else f"AWS, region {services.region}"
    whole = SelftestReport(
        place=place,
        versions={
            "python": platform.python_version(),
            **{package: _version(package) for package in ("boto3", "modelwharf")},
        },
        release=evidence.release,
        status=evidence.status,
        observed=compare(evidence),
        gaps=tuple(evidence.gaps),
        events=tuple(evidence.events),
        stays=tuple(trial.stays),
    )
    return redacted(whole, (stack.data_bucket, stack.artifact_bucket))


def in_words(report: SelftestReport) -> str:
    """Return one paragraph per promise, then the resources that stay."""
    lines = [f"wharf selftest in {report.place}: {report.status or 'no release'}", ""]
    for one in report.observed:
        lines.append(f"{MARKS[one.comparison]} {one.id}: {one.comparison.value}")
        if one.comparison is not Comparison.SAME:
            lines.append(f"    promised: {one.promised}")
        lines.append(f"    seen: {one.seen}")
    if report.gaps:
        lines += ["", "could not be read:", *(f"  {one}" for one in report.gaps)]
    lines += ["", "stays:", *(f"  {one}" for one in report.stays)]
    return "\n".join(lines) + "\n"


def write(report: SelftestReport, folder: Path) -> tuple[Path, Path]:
    """Write both forms, readable only by the user."""
    folder.mkdir(parents=True, exist_ok=True)
    found = folder / JSON_FILE, folder / TEXT_FILE
    for path, text in zip(
        found, (report.model_dump_json(indent=2) + "\n", in_words(report)), strict=True
    ):
        path.touch(mode=0o600)
        path.write_text(text)
    return found


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "of a checkout"
