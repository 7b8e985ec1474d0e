"""``wharf push``: a commit, and the release that it starts."""

from pathlib import Path

import click

from cli.arrival import Arrival, earlier_release, watch
from cli.checkout import Checkout
from cli.codecommit_remote import CodeCommitRemote, codecommit_remote
from cli.ending import tell
from cli.errors import Trouble
from cli.options import json_option, project_option, wait_option
from cli.parameters import source_section
from cli.services import Services
from cli.stack import Stack, find_stack
from cli.waits import recent_skips


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
    """Push HEAD to the branch that releases, and say what came of it.

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
    arrival = push_commit(services, stack, checkout, head)
    tell(services, stack, arrival, wait=wait, as_json=as_json)


def warn_of_uncommitted(checkout: Checkout) -> None:
    """Say on stderr what stays behind: a push takes commits only."""
    paths = checkout.uncommitted()
    if paths:
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        click.echo(f"only commits go; not committed: {paths[0]}{more}", err=True)


def push_commit(services: Services, stack: Stack, checkout: Checkout, commit: str) -> Arrival:
    """Push ``commit``, the checkout's HEAD; return the release or the reason for none."""
    branch = source_section(services, stack.project).branch
    remote = _remote(services, stack, checkout, branch)
    before = watch(services, stack)
    if not checkout.push(remote, branch):
        return _came_before(services, stack, commit)
    return before.arrival(
        lambda trigger: trigger.commit == commit, lambda skip: skip.commit == commit
    )


def _came_before(services: Services, stack: Stack, commit: str) -> Arrival:
    """What an earlier push of the same commit led to."""
    found = earlier_release(services, stack, lambda trigger: trigger.commit == commit)
    if found.is_known:
        return found
    for skip in recent_skips(services, stack):
        if skip.commit == commit:
            return Arrival(skipped=f"commit {commit[:12]} was pushed before: {skip.reason}")
    return Arrival(
        skipped=f"the repository has commit {commit[:12]} already, so nothing was pushed; "
        "release it with `wharf start`"
    )


def _remote(services: Services, stack: Stack, checkout: Checkout, branch: str) -> str:
    """The laptop's repository, or the checkout's remote for the one in AWS.

    Raises Trouble when no remote leads there; it says where those of CodeCommit do lead.
    """
    if services.on_laptop:
        return stack.clone_url
    others = []
    for name, url in checkout.push_urls():
        if url == stack.clone_url:
            return name
        found = codecommit_remote(url)
        if found is None:
            continue
        if (found.repository, found.region) == (stack.repository, services.region):
            return name
        others.append(f"{name} pushes to {found.repository} in {_place(found)}: {url}")
    grc = f"codecommit::{services.region}://{_profile(services)}{stack.repository}"
    taken = {name for name, _ in checkout.push_urls()}
    new = "wharf" if "wharf" not in taken else f"wharf-{services.region}"
    add = f"git remote {'set-url' if new in taken else 'add'} {new} {grc}"
    raise Trouble(
        "\n".join(
            [
                "this checkout has no remote for the stack's CodeCommit repository "
                f"{stack.repository} in {services.region}",
                *(f"  {line}" for line in others),
                "add it:",
                "  pip install git-remote-codecommit",
                f"  {add}",
                f"then `wharf push` again, or: git push {new} HEAD:refs/heads/{branch}",
            ]
        )
    )


def _place(remote: CodeCommitRemote) -> str:
    return remote.region or "no region (neither the URL nor its profile names one)"


def _profile(services: Services) -> str:
    """The profile that the command itself uses: the remote shall reach the same account."""
    profile = services.environment.get("AWS_PROFILE")
    return f"{profile}@" if profile else ""
