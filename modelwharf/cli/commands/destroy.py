"""``wharf destroy``: take a project down, the endpoint first."""

from collections.abc import Callable

import click
from botocore.exceptions import ClientError

from modelwharf.cli.deployed_project import DeployedProject, Report
from modelwharf.cli.errors import CommandError
from modelwharf.cli.known_problems import command_error
from modelwharf.cli.options import json_option, project_option
from modelwharf.cli.output import print_json
from modelwharf.cli.retained_stack import RemovalPlan
from modelwharf.cli.services import Services

Step = tuple[str, Callable[[Report], None]]


@click.command()
@click.option(
    "--everything",
    is_flag=True,
    help="Also the data, artifacts, images, code, models and the ledger.",
)
@click.option("--dry-run", is_flag=True, help="Say what would go and what would stay.")
@click.option("--yes", is_flag=True, help="Ask nothing.")
@project_option
@json_option
@click.pass_obj
def destroy(
    services: Services, everything: bool, dry_run: bool, yes: bool, project: str, as_json: bool
) -> None:
    """Delete the endpoint and all that runs; keep what holds work.

    The endpoint goes first, while its role is there. What holds data, models, images and code
    stays in the stack, and `cdk deploy` brings the rest back to it; subscriptions to the
    notifications do not come back. The parameters in Parameter Store and the logs of jobs stay
    also with --everything. With --json: project, stack,
    everything, endpoint, instances, releases, jobs, endpoint_configs, models, kept (name, type,
    physical, charge), removed; it needs --yes or --dry-run.
    """
    if as_json and not (yes or dry_run):
        raise click.UsageError("--json cannot ask for confirmation: add --yes or --dry-run")
    found = DeployedProject(services, project)
    plan = found.removal_plan(everything)
    if not as_json:
        click.echo(in_words(plan, services))
    if not dry_run:
        if not yes:
            _confirm(plan)
        report: Report = (lambda text: None) if as_json else click.echo
        _carry_out(found, plan, report)
        report(next_steps(plan, services))
    if as_json:
        print_json(plan)


def _confirm(plan: RemovalPlan) -> None:
    typed = click.prompt(
        f"Type the project's name ({plan.project}) to go on", default="", show_default=False
    )
    if typed != plan.project:
        raise CommandError("nothing was changed")


def _carry_out(project: DeployedProject, plan: RemovalPlan, report: Report) -> None:
    """Raises CommandError at the first step that fails: each step needs the ones before it."""
    steps: list[Step] = [
        ("stop releases and jobs", project.stop_work),
        ("delete the endpoint", project.delete_endpoint),
        ("reduce the stack", lambda report: project.reduce(report, everything=plan.everything)),
        # A push may have started a release meanwhile. Its state machine is deleted by now, and
        # what it created is deleted here.
        ("delete the endpoint", project.delete_endpoint),
    ]
    if plan.everything:
        steps += [("empty what holds data", project.empty), ("delete the stack", project.delete)]
    for name, step in steps:
        try:
            step(report)
        except (ClientError, CommandError) as error:
            reason = (
                error.message
                if isinstance(error, CommandError)
                else command_error(error, None).message
            )
            again = "wharf destroy" + (" --everything" if plan.everything else "")
            raise CommandError(
                f"could not {name}: {reason}\nWhat was done stays done. Put that right, then: "
                f"{again} --project {plan.project}"
            ) from None


def in_words(plan: RemovalPlan, services: Services) -> str:
    """Return what goes, what stays, and what each costs as long as it is there."""
    where = services.endpoint_url or f"AWS, region {services.region}"
    lines = [f"Stack {plan.stack} in {where}", "goes:"]
    if plan.endpoint:
        machines = ", ".join(plan.instances) or "serverless"
        lines.append(f"  endpoint {plan.endpoint}: {machines}, charged by the hour until then")
    lines += [f"  running release {name}, stopped where it is" for name in plan.releases]
    lines += [f"  running job {name}, stopped" for name in plan.jobs]
    lines.append(
        f"  {len(plan.endpoint_configs)} endpoint configurations and {len(plan.models)} "
        f"models of releases; {plan.removed} resources of the stack"
    )
    lines.append("stays:")
    for one in plan.kept:
        charge = f": {one.charge}" if one.charge else ""
        lines.append(f"  {one.type.removeprefix('AWS::')} {one.physical}{charge}")
    lines.append(f"  the parameters below /modelwharf/{plan.project}: no charge")
    lines.append("  the log groups below /aws/sagemaker: storage, by GB and month")
    if services.on_laptop:
        lines.append("(on the laptop nothing is charged, and `wharf down` ends all but commits)")
    return "\n".join(lines)


def next_steps(plan: RemovalPlan, services: Services) -> str:
    delete = f"to delete what stays too: wharf destroy --everything --project {plan.project}"
    if services.on_laptop:
        anew = f"done. `{services.deploy}` starts a new cloud, which has the commits and no more"
        return anew if plan.everything else f"{anew}; {delete}"
    if plan.everything:
        return (
            "done. The key is deleted after its waiting time, without charge until then; "
            f"`{services.deploy}` begins anew"
        )
    return (
        f"done. `{services.deploy}` brings it back, with data, models and images, but without the "
        f"subscriptions to its notifications; {delete}"
    )
