"""``wharf redrive``: events that no function handled, handed over again."""

from datetime import datetime

import click

from modelwharf.cli.brief import one_line
from modelwharf.cli.dead_letter import DeadLetter
from modelwharf.cli.options import json_option, project_option, since_option
from modelwharf.cli.output import as_json as json_of
from modelwharf.cli.output import local_time, print_json
from modelwharf.cli.redelivery import Received, Redelivery, chosen, short_name
from modelwharf.cli.services import Services
from modelwharf.cli.stack import find_stack
from modelwharf.contracts.names import stack_name

SHORT = 8  # characters of an id: enough to name a message


@click.command()
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--list", "only_list", is_flag=True, help="Show what lies there; touch nothing.")
@click.option("--dry-run", is_flag=True, help="Say what would be done; do nothing.")
@click.option(
    "--function",
    "functions",
    metavar="NAME",
    multiple=True,
    help="Only events of this function, such as start-release; may be given several times.",
)
@since_option("Only what was lost later: 90s, 10m, 2h ago, or ISO.")
@click.option("--discard", is_flag=True, help="Delete the messages of these IDs instead.")
@project_option
@json_option
@click.pass_obj
def redrive(
    services: Services,
    ids: tuple[str, ...],
    only_list: bool,
    dry_run: bool,
    functions: tuple[str, ...],
    since: datetime | None,
    discard: bool,
    project: str,
    as_json: bool,
) -> None:
    """Hand lost events to their functions again.

    An event that a function failed on three times, or that could not be delivered, lies in the
    stack's dead-letter queue for 14 days. Each is handed over exactly as it was first sent, and
    deleted once the function took it; when it fails again, it comes back. Without ID, all.

    Exit code 1 when something could not be handed over. With --json: messages (id, lost, function,
    topic, what, why, tries, event, outcome, obstacle) and hidden (how many another `wharf redrive`
    holds); outcome is listed, handed-over, discarded, left, or with --dry-run what it would be.
    """
    if discard and not ids:
        raise click.UsageError("--discard deletes for good: name the messages by their IDs")
    stack = find_stack(services, project)
    work = Redelivery(services, stack)
    name = stack_name(project)
    work.require(functions)
    rows: list[Redriven] = []
    with work.holding() as held:
        for one in chosen(held, ids, functions, name):
            if since and one.letter.lost < since:
                continue
            rows.append(_treat(work, one, discard, only_list, dry_run))
            if not as_json:
                _print(rows[-1], name, dry_run)
    hidden = 0 if held else work.hidden()
    if as_json:
        print_json({"messages": json_of(rows), "hidden": hidden})
    else:
        click.echo(_ending(rows, len(held), hidden))
    if any(row.outcome == "left" for row in rows):
        raise click.exceptions.Exit(1)


class Redriven(DeadLetter):
    """What became of a message, or would; ``obstacle`` says why it was left in the queue."""

    outcome: str
    obstacle: str = ""


def _treat(
    work: Redelivery, one: Received, discard: bool, only_list: bool, dry_run: bool
) -> Redriven:
    outcome, obstacle = "listed", ""
    if discard and not only_list:
        outcome = "discarded"
        if not dry_run:
            work.discard(one)
    elif not only_list:
        obstacle = work.obstacle(one.letter)
        if not obstacle and not dry_run:
            obstacle = work.hand_over(one)
        outcome = "left" if obstacle else "handed-over"
    return Redriven(**one.letter.model_dump(), outcome=outcome, obstacle=obstacle)


def _print(letter: Redriven, stack: str, dry_run: bool) -> None:
    times = "once" if letter.tries == 1 else f"{letter.tries} times"
    function = short_name(letter, stack)
    click.echo(f"{letter.id[:SHORT]}  {local_time(letter.lost)}  {function}  {letter.what}")
    click.echo(f"  tried {times}: {one_line(letter.why)}")
    would = "would be " if dry_run else ""
    words = {
        "handed-over": f"  {would}handed to {function} again",
        "discarded": f"  {would}deleted",
        "left": f"  left in the queue: {one_line(letter.obstacle)}",
    }
    if letter.outcome in words:
        click.echo(words[letter.outcome])


def _ending(rows: list[Redriven], there: int, hidden: int) -> str:
    """What was done, or what to type next."""
    if hidden:
        return f"another `wharf redrive` holds {hidden} messages, for ten minutes at most"
    if not there:
        return "no event is lost: the dead-letter queue is empty"
    if not rows:
        return f"none of the {there} messages in the queue is meant: see `wharf redrive --list`"
    done = sum(row.outcome in ("handed-over", "discarded") for row in rows)
    if rows[0].outcome == "listed":
        return (
            "`wharf redrive` hands them over, `wharf redrive ID` one of them; "
            "`wharf redrive --discard ID` deletes one that is of no use"
        )
    return f"{done} of {len(rows)}; `wharf releases` shows the results of those handed over"
