"""``wharf push``: a commit, and the release that it starts."""

from pathlib import Path

import click

from modelwharf.cli.checkout import Checkout
from modelwharf.cli.commit_push import push_commit, warn_of_uncommitted
from modelwharf.cli.ending import tell
from modelwharf.cli.options import json_option, project_option, wait_option
from modelwharf.cli.services import Services
from modelwharf.cli.stack import find_stack


@click.command()
@click.option(
    "--directory",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    show_default=True,
    help="The git checkout whose HEAD to push.",
)
@wait_option
@project_option
@json_option
@click.pass_obj
def push(services: Services, directory: Path, wait: bool, project: str, as_json: bool) -> None:
    """Push HEAD to the branch that releases, and print the result.

    Only commits go: what is not committed stays behind. In AWS the checkout needs a remote
    that leads to the stack's CodeCommit repository in the stack's region: codecommit::…
    (git-remote-codecommit), ssh://…, a host alias of SSH, or https://…. Without one this
    tells where the others lead, and how to add it.

    With --json: release, skipped (the reason), already, and of a release that
    was there already its status, commit, and serving (another that serves instead); with --wait as
    `wharf show --json`.
    """
    stack = find_stack(services, project)
    checkout = Checkout(directory)
    head = checkout.head()
    warn_of_uncommitted(checkout)
    requested = push_commit(services, stack, checkout, head)
    tell(services, stack, requested, wait=wait, as_json=as_json)
