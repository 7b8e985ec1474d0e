"""A person's decision on a release that waits for one."""

import click

from cli import brief
from cli.errors import Trouble
from cli.output import print_json
from cli.release import Release, read_release
from cli.services import Services
from cli.stack import find_stack
from contracts.model import Contract
from contracts.text import FREE_TEXT_LIMIT


class Decision(Contract):
    """What was decided of which model package."""

    release: str
    model_package: str
    decision: str
    note: str


def decide(
    services: Services, project: str, release: str, *, approved: bool, note: str, as_json: bool
) -> None:
    """Write the decision on the release's model package, which the release waits for.

    Raises Trouble when the release does not wait for approval.
    """
    if len(note) > FREE_TEXT_LIMIT:
        raise click.BadParameter(
            f"--note has {len(note)} characters; {FREE_TEXT_LIMIT} are allowed"
        )
    view = read_release(services, find_stack(services, project), release)
    decision = Decision(
        release=release,
        model_package=_waiting_package(view),
        decision="Approved" if approved else "Rejected",
        note=note,
    )
    services.client("sagemaker").update_model_package(
        ModelPackageArn=decision.model_package,
        ModelApprovalStatus=decision.decision,
        **({"ApprovalDescription": note} if note else {}),
    )
    if as_json:
        print_json(decision)
    else:
        click.echo(
            f"{decision.decision.lower()} model package {brief.resource(decision.model_package)}\n"
            f"Watch what follows: wharf show {release} --follow"
        )


def _waiting_package(view: Release) -> str:
    if view.is_over:
        raise Trouble(
            f"release {view.id} is over ({view.status.lower()}), so there is nothing to decide; "
            f"see `wharf show {view.id}`"
        )
    if not view.waits_for_approval():
        at = ", ".join(row.name for row in view.states if not row.is_over) or "its beginning"
        raise Trouble(
            f"release {view.id} does not wait for approval: it is at {at}\n"
            f"Watch it with `wharf show {view.id} --follow`."
        )
    if view.document is None or view.document.model_package is None:
        raise Trouble(f"release {view.id} waits for approval, but names no model package")
    return view.document.model_package.arn
