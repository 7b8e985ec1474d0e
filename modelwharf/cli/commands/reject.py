"""``wharf reject``: end a release that waits for approval."""

import click

from modelwharf.cli.approval import decide
from modelwharf.cli.options import json_option, project_option
from modelwharf.cli.services import Services


@click.command()
@click.argument("release")
@click.option("--note", required=True, help="Why; the release fails with this reason.")
@project_option
@json_option
@click.pass_obj
def reject(services: Services, release: str, note: str, project: str, as_json: bool) -> None:
    """End a release that waits for approval.

    The endpoint serves on as it is.

    RELEASE is an id, or how one begins. With --json: release, model_package, decision, note.
    """
    decide(services, project, release, approved=False, note=note, as_json=as_json)
