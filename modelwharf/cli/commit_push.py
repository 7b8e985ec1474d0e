"""Pushes a commit to the branch that releases."""

import click

from modelwharf.cli.checkout import Checkout
from modelwharf.cli.codecommit_remote import CodeCommitRemote, codecommit_remote
from modelwharf.cli.errors import CommandError
from modelwharf.cli.parameters import source_section
from modelwharf.cli.requested_release import RequestedRelease, earlier_release, watch
from modelwharf.cli.services import Services
from modelwharf.cli.stack import Stack
from modelwharf.cli.waits import recent_skips


def warn_of_uncommitted(checkout: Checkout) -> None:
    """Warn on stderr of uncommitted files: a push takes only commits."""
    paths = checkout.uncommitted()
    if paths:
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        click.echo(f"only commits go; not committed: {paths[0]}{more}", err=True)


def push_commit(
    services: Services, stack: Stack, checkout: Checkout, commit: str
) -> RequestedRelease:
    """Push ``commit``, the checkout's HEAD. Returns the release, or the reason for none."""
    branch = source_section(services, stack.project).branch
    remote = _remote(services, stack, checkout, branch)
    before = watch(services, stack)
    if not checkout.push(remote, branch):
        return _came_before(services, stack, commit)
    return before.outcome(
        lambda trigger: trigger.commit == commit, lambda skip: skip.commit == commit
    )


def _came_before(services: Services, stack: Stack, commit: str) -> RequestedRelease:
    """Return the result of an earlier push of the same commit."""
    found = earlier_release(services, stack, lambda trigger: trigger.commit == commit)
    if found.is_known:
        return found
    for skip in recent_skips(services, stack):
        if skip.commit == commit:
            return RequestedRelease(
                skipped=f"commit {commit[:12]} was pushed before: {skip.reason}"
            )
    return RequestedRelease(
        skipped=f"the repository has commit {commit[:12]} already, so nothing was pushed; "
        "release it with `wharf start`"
    )


def _remote(services: Services, stack: Stack, checkout: Checkout, branch: str) -> str:
    """Return the laptop's repository, or the checkout's remote for the one in AWS.

    Raises CommandError, which lists the CodeCommit repositories of the remotes, when no remote is
    the stack's repository.
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
    raise CommandError(
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
    """Return the command's own profile: the remote must reach the same account."""
    profile = services.environment.get("AWS_PROFILE")
    return f"{profile}@" if profile else ""
