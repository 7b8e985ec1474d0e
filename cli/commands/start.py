"""``wharf start``: a release without a push."""

import getpass

import click

from cli.arrival import watch
from cli.ending import tell
from cli.options import json_option, project_option, wait_option
from cli.services import Services
from cli.stack import find_stack
from contracts.request import ReleaseRequest, TriggerSource


@click.command()
@click.option(
    "--commit", metavar="ID", help="A pushed commit's full id; without it, the branch's newest."
)
@click.option(
    "--reason",
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

    With --json: release, skipped (the reason), already, status (of a release that was
    there already); with --wait as `wharf show --json`.
    """
    stack = find_stack(services, project)
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
    arrival = before.arrival(
        lambda trigger: (
            trigger.reason == request.reason and trigger.commit == (commit or trigger.commit)
        ),
        lambda skip: skip.commit in {"-", commit},
    )
    tell(services, stack, arrival, wait=wait, as_json=as_json)
