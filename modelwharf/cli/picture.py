"""A release's states as a table under its headline."""

from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from modelwharf.cli import brief
from modelwharf.cli.duration import between
from modelwharf.cli.release import Release
from modelwharf.cli.state_rows import (
    MARKS,
    first_line,
    indented,
    name_of_error,
    remark,
    shown,
)
from modelwharf.contracts.history import StateRow


def picture(
    release: Release, now: datetime, explained: frozenset[str] = frozenset()
) -> RenderableType:
    """Return the release's states as a table under its headline.

    ``explained``: states whose reason the figures show; the table shows only the error's name.
    """
    table = Table(box=None, pad_edge=False, show_header=False)
    for _ in range(3):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for row in shown(release.states):
        mark, style = MARKS[row.status]
        table.add_row(
            Text(mark, style),
            Text(indented(row)),
            Text(between(row.entered, row.exited or now), "dim"),
            _remark(row, style, row.name in explained),
        )
    return Group(Text.from_markup(headline(release, now)), table)


def _remark(row: StateRow, style: str, explained: bool) -> Text:
    """Return an error in one line, and each command to type on its own line."""
    if row.error:
        words = name_of_error(row) if explained else first_line(row)
        return Text(words, style, no_wrap=True, overflow="ellipsis")
    return Text(remark(row).replace("; ", "\n"))


def headline(release: Release, now: datetime) -> str:
    """Return the release's name, status and time, with rich's markup."""
    time = between(release.started, release.stopped or now)
    colour = "cyan" if not release.is_over else "green" if release.succeeded else "red"
    status = f"[{colour}]{release.status.lower()}[/] {time}"
    return f"[bold]{release.id}[/] {status}{of_commit(release)}"


def ending(release: Release, now: datetime) -> str:
    """Return one line that says how the release ended, and after how long."""
    time = between(release.started, release.stopped or now)
    if release.succeeded:
        return f"{release.id} succeeded in {time}"
    state = release.failure.state if release.failure else None
    where = f" in {state}" if state else ""
    return f"{release.id} {release.status.lower().replace('_', ' ')}{where} after {time}"


def of_commit(release: Release) -> str:
    commit = release.document.trigger.commit if release.document else ""
    return f", commit {commit[: brief.SHORT]}" if commit else ""
