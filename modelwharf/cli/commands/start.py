"""``wharf start``: a release without a push."""

import getpass

import click
from botocore.exceptions import ClientError

from modelwharf.cli.ending import tell
from modelwharf.cli.errors import CommandError
from modelwharf.cli.free_text import require_free_text
from modelwharf.cli.options import json_option, project_option, wait_option
from modelwharf.cli.requested_release import watch
from modelwharf.cli.services import Services
from modelwharf.cli.short_ids import COMMIT, SHORT_COMMIT, find_commit
from modelwharf.cli.stack import Stack, find_stack
from modelwharf.contracts.request import ReleaseRequest, TriggerSource

UNKNOWN_COMMIT = frozenset({"CommitIdDoesNotExistException", "CommitDoesNotExistException"})


def _commit(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return value
    if COMMIT.fullmatch(value.lower()) or SHORT_COMMIT.fullmatch(value.lower()):
        return value.lower()
    raise click.BadParameter(
        f"{value!r} is not a commit id (40 hexadecimal digits) or its first four digits or more: "
        "`git rev-parse HEAD` prints one"
    )


def _reason(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    return None if value is None else require_free_text(value)


@click.command()
@click.option(
    "--commit",
    metavar="ID",
    callback=_commit,
    help="A pushed commit's id, or its first digits; without it, the branch's newest.",
)
@click.option(
    "--reason",
    callback=_reason,
    help="Why. The same commit, data, parameters and reason are the same release, so a release "
    "that failed is tried again with another reason. Without it the time is the reason.",
)
@wait_option
@project_option
@json_option
@click.pass_obj
def start(
    services: Services,
    commit: str | None,
    reason: str | None,
    wait: bool,
    project: str,
    as_json: bool,
) -> None:
    """Ask for a release of what was pushed already.

    With --json: release, skipped (the reason), already, and of a release that
    was there already its status, commit, and serving (another that serves instead); with --wait as
    `wharf show --json`.
    """
    stack = find_stack(services, project)
    if commit:
        commit = find_commit(services, stack, commit)
        require_commit(services, stack, commit)
    request = ReleaseRequest(
        source=TriggerSource.REQUEST,
        commit=commit,
        reason=reason or f"wharf start at {services.now():%Y-%m-%dT%H:%M:%SZ}",
        requested_by=getpass.getuser(),
    )
    before = watch(services, stack)
    services.client("sns").publish(
        TopicArn=stack.changes_topic, Message=request.model_dump_json(exclude_none=True)
    )
    requested = before.outcome(
        lambda trigger: (
            trigger.reason == request.reason and trigger.commit == (commit or trigger.commit)
        ),
        lambda skip: skip.commit in {"-", commit},
    )
    tell(services, stack, requested, wait=wait, as_json=as_json)


def require_commit(services: Services, stack: Stack, commit: str) -> None:
    """Raises CommandError when the repository lacks the commit.

    The commit is accepted unchecked when the caller may not read the repository.
    """
    try:
        services.client("codecommit").get_commit(repositoryName=stack.repository, commitId=commit)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in UNKNOWN_COMMIT:
            raise CommandError(
                f"the repository {stack.repository} has no commit {commit}: "
                "push it with `wharf push`, which releases it too"
            ) from None
        if "AccessDenied" not in code:
            raise
