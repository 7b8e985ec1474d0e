"""Draws the findings for people."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from modelwharf.cli.output import draw
from modelwharf.contracts.preflight import Finding, Outcome, Preflight

MARKS = {
    Outcome.PASS: ("✓", "green"),
    Outcome.FAIL: ("✗", "red"),
    Outcome.WARN: ("!", "yellow"),
    Outcome.UNKNOWN: ("?", "yellow"),
    Outcome.SKIPPED: ("-", "dim"),
}
WORDS = {
    Outcome.PASS: "passed",
    Outcome.FAIL: "failed",
    Outcome.WARN: "to consider",
    Outcome.UNKNOWN: "could not be checked",
    Outcome.SKIPPED: "not checked",
}
ID_WIDTH = 13  # columns
LABEL_WIDTH = 7  # columns


def tell(console: Console, finding: Finding) -> None:
    """Print one line, and below it for a problem: why it matters and how to fix it."""
    mark, style = MARKS[finding.outcome]
    line = Table.grid(padding=(0, 1))
    line.add_column(no_wrap=True)
    line.add_column(no_wrap=True, min_width=ID_WIDTH)
    line.add_column(overflow="fold")
    seen = finding.seen
    if finding.outcome in (Outcome.UNKNOWN, Outcome.SKIPPED):
        seen = f"{WORDS[finding.outcome]}: {seen}"
    line.add_row(Text(mark, style), Text(finding.id), Text(seen))
    draw(console, line)
    if finding.command:
        more = Table.grid(padding=(0, 1))
        more.add_column(no_wrap=True, min_width=LABEL_WIDTH)
        more.add_column(overflow="fold")
        more.add_row(Text("    why", "dim"), Text(finding.why, "dim"))
        more.add_row(Text("    type", "dim"), Text(finding.command))
        draw(console, more)


def summary(found: Preflight) -> str:
    """Return the last line, such as ``8 passed, 1 failed``."""
    counts = [f"{found.count(one)} {word}" for one, word in WORDS.items() if found.count(one)]
    return ", ".join(counts)
