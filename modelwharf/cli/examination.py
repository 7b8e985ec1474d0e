"""Draws the doctor's findings for people."""

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from modelwharf.cli.duration import seconds_in_words
from modelwharf.cli.output import draw
from modelwharf.contracts.examination import Examination, Finding, ImageRole, Verdict

MARKS = {
    Verdict.PASS: ("✓", "green"),
    Verdict.FAIL: ("✗", "red"),
    Verdict.WARN: ("!", "yellow"),
    Verdict.SKIPPED: ("-", "dim"),
}
ID_WIDTH = 27  # columns
LABEL_WIDTH = 7  # columns
SHORT = 12  # digits of a digest


class FindingReporter:
    """Prints each finding as it comes, below its image."""

    def __init__(self, console: Console, names: dict[ImageRole, str]) -> None:
        self._console = console
        self._names = names
        self._about: ImageRole | None = None

    def __call__(self, finding: Finding) -> None:
        if finding.image is not self._about:
            self._about = finding.image
            title = Text(f"\n{finding.image.value} image ", "bold")
            self._console.print(title.append(self._names[finding.image], "not bold"))
        draw(self._console, headline(finding))
        for part in remarks(finding):
            draw(self._console, part)


def headline(finding: Finding) -> RenderableType:
    """Return one line: mark, id and observation. On a narrow screen the observation is folded."""
    mark, style = MARKS[finding.verdict]
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, min_width=ID_WIDTH)
    table.add_column(overflow="fold")
    seen = Text(f"not checked: {finding.seen}", "dim") if _skipped(finding) else Text(finding.seen)
    if _skipped(finding) and finding.change:
        seen.append(f" ({finding.change})")
    table.add_row(Text(mark, style), Text(finding.id, style if _bad(finding) else ""), seen)
    return table


def remarks(finding: Finding) -> list[RenderableType]:
    """Return why it matters, what to change, and the program's own last lines."""
    if not _bad(finding):
        return []
    rows = [("why", finding.why), ("change", finding.change)]
    rows += [("log" if number == 0 else "", line) for number, line in enumerate(finding.log)]
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True, min_width=LABEL_WIDTH)
    table.add_column(overflow="fold")
    for label, text in rows:
        table.add_row(Text(f"    {label}", "dim"), Text(text, "" if label == "change" else "dim"))
    return [table]


def summary(found: Examination, seconds: float) -> str:
    """Return the last line, such as ``24 passed, 1 failed, 2 not checked in 31.0 s``."""
    words = {
        Verdict.PASS: "passed",
        Verdict.FAIL: "failed",
        Verdict.WARN: "to consider",
        Verdict.SKIPPED: "not checked",
    }
    counts = [
        f"{found.count(verdict)} {word}" for verdict, word in words.items() if found.count(verdict)
    ]
    return f"{', '.join(counts)} in {seconds_in_words(seconds)}"


def _bad(finding: Finding) -> bool:
    return finding.verdict in (Verdict.FAIL, Verdict.WARN)


def _skipped(finding: Finding) -> bool:
    return finding.verdict is Verdict.SKIPPED
