"""A release's states for people: the states to show, and a remark for each."""

from collections.abc import Iterable

from modelwharf.cli import brief
from modelwharf.contracts.history import StateRow, StateStatus

SHOWN_KINDS = frozenset({"Task", "Parallel"})
MARKS = {
    StateStatus.RUNNING: ("…", "cyan"),
    StateStatus.RETRYING: ("↻", "yellow"),
    StateStatus.SUCCEEDED: ("✓", "green"),
    StateStatus.FAILED: ("✗", "red"),
    StateStatus.STOPPED: ("■", "dim"),
}


def shown(rows: Iterable[StateRow]) -> list[StateRow]:
    """Return the states that do something; a Choice and the end states do not."""
    return [row for row in rows if row.kind in SHOWN_KINDS]


def indented(row: StateRow) -> str:
    return f"  {row.name}" if row.parent else row.name


def remark(row: StateRow) -> str:
    """Return what a state waits for, or why it failed, or that it took several attempts.

    A failure inside a Parallel is reported there, and not again on the Parallel.
    """
    if row.kind != "Task":
        return ""
    if row.error:
        return f"{row.error}: {row.failure().message()}"
    if row.waits_for:
        return row.waits_for
    return f"{row.attempts} attempts" if row.attempts > 1 else ""


def first_line(row: StateRow) -> str:
    return brief.first_line(remark(row))


def name_of_error(row: StateRow) -> str:
    """Return only the error's name: the figures show the rest."""
    return row.error or "" if row.kind == "Task" else ""


def tries_again(row: StateRow) -> bool:
    return row.status is StateStatus.RETRYING and row.kind == "Task" and not row.is_over
