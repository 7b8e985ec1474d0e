"""``wharf approve``: let a release that waits for approval go on."""

import click

from modelwharf.cli.approval import decide
from modelwharf.cli.options import json_option, project_option
from modelwharf.cli.services import Services


@click.command()
@click.argument("release")
@click.option("--note", default="", help="Kept with the model package.")
@project_option
@json_option
@click.pass_obj
def approve(services: Services, release: str, note: str, project: str, as_json: bool) -> None:
    """Let a release that waits for approval go on to the endpoint.

    RELEASE is an id, or how one begins. With --json: release, model_package, decision, note.
    """
    decide(services, project, release, approved=True, note=note, as_json=as_json)
