"""A person's decision on a release that waits for one."""

from typing import TYPE_CHECKING, Literal

import click

from modelwharf.artifact.contract import Contract
from modelwharf.cli import brief
from modelwharf.cli.errors import CommandError
from modelwharf.cli.free_text import require_one_line
from modelwharf.cli.output import print_json
from modelwharf.cli.release import Release, read_release
from modelwharf.cli.services import Services
from modelwharf.cli.short_ids import find_release
from modelwharf.cli.stack import find_stack

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import UpdateModelPackageInputTypeDef


class Decision(Contract):
    """A decision on a release's model package."""

    release: str
    model_package: str
    decision: Literal["Approved", "Rejected"]
    note: str


def decide(
    services: Services, project: str, release: str, *, approved: bool, note: str, as_json: bool
) -> None:
    """Write the decision on the release's model package, which the release waits for.

    Raises CommandError when the release does not wait for approval.
    """
    try:
        require_one_line(note)
    except click.BadParameter as error:
        raise click.BadParameter(error.message, param_hint="'--note'") from None
    stack = find_stack(services, project)
    view = read_release(services, stack, find_release(services, stack, release))
    decision = Decision(
        release=view.id,
        model_package=_waiting_package(view),
        decision="Approved" if approved else "Rejected",
        note=note,
    )
    request: UpdateModelPackageInputTypeDef = {
        "ModelPackageArn": decision.model_package,
        "ModelApprovalStatus": decision.decision,
    }
    if note:
        request["ApprovalDescription"] = note
    services.client("sagemaker").update_model_package(**request)
    if as_json:
        print_json(decision)
    else:
        click.echo(
            f"{decision.decision.lower()} model package {brief.resource(decision.model_package)}\n"
            f"Watch what follows: wharf show {view.id} --follow"
        )


def _waiting_package(view: Release) -> str:
    if view.is_over:
        raise CommandError(
            f"release {view.id} is over ({view.status.lower()}), so there is nothing to decide; "
            f"see `wharf show {view.id}`"
        )
    if not view.waits_for_approval():
        at = ", ".join(row.name for row in view.states if not row.is_over) or "its beginning"
        raise CommandError(
            f"release {view.id} does not wait for approval: it is at {at}\n"
            f"Watch it with `wharf show {view.id} --follow`."
        )
    if view.document is None or view.document.model_package is None:
        raise CommandError(f"release {view.id} waits for approval, but names no model package")
    return view.document.model_package.arn
