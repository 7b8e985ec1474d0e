"""docs/policies.md: the figures, and every finding that stands, with its reason."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.policies.findings import Excepted, Report, reason_of

PATH = Path("docs/policies.md")
MARK = "<!-- What follows is written by `make test-policies POLICIES=--write`. -->\n"


def written(page: str, reports: Sequence[Report], exceptions: list[Excepted]) -> str:
    """The page with what follows the mark made anew."""
    return (
        page.partition(MARK)[0]
        + MARK
        + _figures(reports, exceptions)
        + reasons(reports, exceptions)
    )


def _figures(reports: Sequence[Report], exceptions: list[Excepted]) -> str:
    rows = [
        (
            f"{report.tool} {report.version}",
            f"{report.checks} {report.unit}",
            str(len(report.findings)),
            str(sum(reason_of(finding, exceptions) is not None for finding in report.findings)),
        )
        for report in reports
    ]
    return "\n" + _table(("tool", "looked at", "findings", "of these explained"), rows)


def reasons(reports: Sequence[Report], exceptions: list[Excepted]) -> str:
    """One row for each rule and reason. The number of findings is left out: it grows with the
    template, and the reason stays."""
    return "\n## Why they stand\n\n" + _table(
        ("tool", "rule", "where", "reason"), list(_explained(reports, exceptions))
    )


def _explained(
    reports: Sequence[Report], exceptions: list[Excepted]
) -> Iterator[tuple[str, str, str, str]]:
    for report in reports:
        places: dict[tuple[str, str], list[str]] = {}
        for finding in report.findings:
            reason = reason_of(finding, exceptions)
            if reason is not None:
                places.setdefault((finding.check, reason), []).append(finding.where)
        for (check, reason), where in sorted(places.items()):
            yield report.tool, check, _places(where), reason


def _places(names: list[str]) -> str:
    """The first three; a rule that concerns every function need not name each."""
    different = list(Counter(names))
    return ", ".join(different) if len(different) <= 3 else f"{different[0]} and others"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
