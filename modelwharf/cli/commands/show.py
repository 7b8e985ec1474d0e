"""``wharf show``: one release, state by state."""

import click

from modelwharf.cli.ending import follow_and_print
from modelwharf.cli.figures import print_facts, states_in_figures
from modelwharf.cli.options import json_option, project_option
from modelwharf.cli.output import console, draw, print_json
from modelwharf.cli.picture import picture
from modelwharf.cli.release import latest_release, read_release
from modelwharf.cli.services import Services
from modelwharf.cli.short_ids import find_release
from modelwharf.cli.stack import find_stack


@click.command()
@click.argument("release", required=False)
@click.option("--follow", is_flag=True, help="Stay until it ends; exit 1 when it fails.")
@project_option
@json_option
@click.pass_obj
def show(
    services: Services, release: str | None, follow: bool, project: str, as_json: bool
) -> None:
    """Show a release, state by state.

    Each state with its time and what it waits for; then what it made, or why it failed.

    RELEASE is an id, or how one begins; without it, the newest. With --json: id, status,
    started, stopped, states (name, kind, parent, status, entered, exited, attempts, error,
    cause, waits_for), failure (state, error, reason), document (the release document), plot,
    serving (of a release that failed: endpoint, config, status), restarts (of the server that
    serves, in the last hour, on the laptop: count, last).
    """
    stack = find_stack(services, project)
    release = find_release(services, stack, release) if release else latest_release(services, stack)
    if follow:
        follow_and_print(services, stack, release, as_json=as_json)
        return
    view = read_release(services, stack, release)
    if as_json:
        print_json(view)
        return
    screen = console()
    # The states last: of a long answer, a terminal keeps the end in sight.
    print_facts(screen, view)
    draw(screen, picture(view, services.now(), states_in_figures(view)))
