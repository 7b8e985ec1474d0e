"""``wharf releases``: the newest releases, and the pushes that released nothing."""

from datetime import datetime

import click
from rich.console import Console
from rich.text import Text

from modelwharf.cli import brief
from modelwharf.cli.duration import between
from modelwharf.cli.options import json_option, project_option
from modelwharf.cli.output import as_json as json_of
from modelwharf.cli.output import console, local_time, print_json
from modelwharf.cli.release import ReleaseSummary, summarise
from modelwharf.cli.services import Services
from modelwharf.cli.stack import find_stack
from modelwharf.cli.waits import APPROVAL, recent_skips

WIDE = 120  # columns; in fewer a reason gets a line of its own
PIPED = 200  # columns of a row that a program reads; --json has all of it
HEAD = ("release", "started", "took", "status", "trigger")
MINUTES = len("2026-11-21 09:00")
STATUS = HEAD.index("status")
COLOURS = {"SUCCEEDED": "green", "RUNNING": "cyan"}


@click.command()
@click.option(
    "--limit",
    type=click.IntRange(1, 100),
    default=10,
    show_default=True,
    help="How many of each to list.",
)
@project_option
@json_option
@click.pass_obj
def releases(services: Services, limit: int, project: str, as_json: bool) -> None:
    """List the newest releases, and the pushes that released nothing.

    `serves` marks what the endpoint serves now, `waits for you` what somebody must approve.
    A reason is its first line: `wharf show` has all of it. With --json: releases (id, status,
    started, stopped, trigger, state, reason, serves, waits_for) and skipped (commit, reason,
    time), newest first.
    """
    stack = find_stack(services, project)
    found = summarise(services, stack, limit)
    skips = recent_skips(services, stack, limit)
    if as_json:
        print_json({"releases": json_of(found), "skipped": json_of(skips)})
        return
    if not found and not skips:
        click.echo("no release yet: start one with `wharf push`")
    if found:
        print_table(_screen(), services, found)
    for skip in skips:
        commit = "" if skip.commit == "-" else skip.commit[: brief.SHORT]
        when = local_time(datetime.fromisoformat(skip.time))
        line = f"skipped {when} {commit:{brief.SHORT}} {brief.one_line(skip.reason)}"
        _print_cut(_screen(), Text(line))


def _screen() -> Console:
    screen = console()
    screen.width = min(screen.width, PIPED)
    return screen


def print_table(screen: Console, services: Services, found: tuple[ReleaseSummary, ...]) -> None:
    """Print a line for each release; what is longer than the screen is cut."""
    rows = [HEAD, *(_cells(services, one) for one in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    narrow = screen.width < WIDE
    for row, one in zip(rows, [None, *found], strict=True):
        line = Text("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))
        if one is None:
            line.stylize("bold")
        else:
            line.highlight_words([row[STATUS]], _colour(one))
        why = _why(one) if one else "state and reason"
        if not narrow:
            line.append(f"  {why}")
        _print_cut(screen, line)
        if narrow and one and why:
            _print_cut(screen, Text(f"  {why}"))


def _print_cut(screen: Console, line: Text) -> None:
    line.rstrip()
    screen.print(line, no_wrap=True, overflow="ellipsis")


def _cells(services: Services, one: ReleaseSummary) -> tuple[str, ...]:
    took = between(one.started, one.stopped or services.now())
    return (one.id, local_time(one.started)[:MINUTES], took, _status(one), _trigger(one))


def _status(one: ReleaseSummary) -> str:
    """Step Functions' word, and what a person looks for: what serves, what waits for them."""
    if one.waits_for:
        return "waits for you"
    status = one.status.lower().replace("_", " ")
    return f"{status}, serves" if one.serves else status


def _colour(one: ReleaseSummary) -> str:
    return "bold yellow" if one.waits_for else COLOURS.get(one.status, "red")


def _why(one: ReleaseSummary) -> str:
    """Where it is or failed, and the first line of why: what follows is for `wharf show`."""
    reason = brief.first_line(one.reason or "")
    asked = (one.waits_for or "").removeprefix(APPROVAL)
    parts = (one.state, brief.one_line(reason), asked)
    return ": ".join(part for part in parts if part)


def _trigger(one: ReleaseSummary) -> str:
    if one.trigger is None:
        return "unknown"
    return f"{one.trigger.asked_by()} {one.trigger.commit[: brief.SHORT]}".strip()
