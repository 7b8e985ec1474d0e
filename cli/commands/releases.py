"""``wharf releases``: the newest releases, and the pushes that released nothing."""

import click
from rich.markup import escape
from rich.table import Table

from cli.duration import between
from cli.options import json_option, project_option
from cli.output import as_json as json_of
from cli.output import console, draw, local_time, print_json
from cli.release import ReleaseSummary, summarise
from cli.services import Services
from cli.stack import find_stack
from cli.waits import recent_skips

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

    With --json: releases (id, status, started, stopped, trigger, state, reason) and skipped
    (commit, reason, time), newest first.
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
        draw(console(), _table(services, found))
    for skip in skips:
        click.echo(f"skipped {skip.time} {_short(skip.commit)} {skip.reason}")


def _table(services: Services, found: tuple[ReleaseSummary, ...]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("release", "started", "took", "status", "trigger"):
        table.add_column(name, no_wrap=True)
    table.add_column("state and reason", overflow="fold")
    for one in found:
        table.add_row(
            one.id,
            local_time(one.started),
            between(one.started, one.stopped or services.now()),
            f"[{COLOURS.get(one.status, 'red')}]{one.status.lower()}[/]",
            _trigger(one),
            escape(": ".join(part for part in (one.state, one.reason) if part)),
        )
    return table


def _trigger(one: ReleaseSummary) -> str:
    if one.trigger is None:
        return "unknown"
    return escape(f"{one.trigger.source.value} {_short(one.trigger.commit)}".strip())


def _short(commit: str) -> str:
    return commit[:12]
