"""``wharf destroy``: take a project down, the endpoint first."""

from collections.abc import Callable

import click
from botocore.exceptions import ClientError

from modelwharf.cli.errors import CommandError
from modelwharf.cli.known_problems import command_error
from modelwharf.cli.leaving import Project, Tell
from modelwharf.cli.options import json_option, project_option
from modelwharf.cli.output import print_json
from modelwharf.cli.remainder import Leaving
from modelwharf.cli.services import Services

Step = tuple[str, Callable[[Tell], None]]


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
    found = Project(services, project)
    leaving = found.leaving(everything)
    if not as_json:
        click.echo(in_words(leaving, services))
    if not dry_run:
        if not yes:
            _confirm(leaving)
        tell: Tell = (lambda text: None) if as_json else click.echo
        _carry_out(found, leaving, tell)
        tell(farewell(leaving, services))
    if as_json:
        print_json(leaving)


def _confirm(leaving: Leaving) -> None:
    typed = click.prompt(
        f"Type the project's name ({leaving.project}) to go on", default="", show_default=False
    )
    if typed != leaving.project:
        raise CommandError("nothing was changed")


def _carry_out(project: Project, leaving: Leaving, tell: Tell) -> None:
    """Raises CommandError at the first step that fails: the ones after it need it."""
    steps: list[Step] = [
        ("stop releases and jobs", project.stop_work),
        ("delete the endpoint", project.delete_endpoint),
        ("reduce the stack", lambda say: project.reduce(say, everything=leaving.everything)),
        # A release that a push started meanwhile has no machine any more; what it made goes now.
        ("delete the endpoint", project.delete_endpoint),
    ]
    if leaving.everything:
        steps += [("empty what holds data", project.empty), ("delete the stack", project.delete)]
    for name, step in steps:
        try:
            step(tell)
        except (ClientError, CommandError) as error:
            reason = (
                error.message
                if isinstance(error, CommandError)
                else command_error(error, None).message
            )
            again = "wharf destroy" + (" --everything" if leaving.everything else "")
            raise CommandError(
                f"could not {name}: {reason}\nWhat was done stays done. Put that right, then: "
                f"{again} --project {leaving.project}"
            ) from None


def in_words(leaving: Leaving, services: Services) -> str:
    """Return what goes, what stays, and what each costs as long as it is there."""
    where = services.endpoint_url or f"AWS, region {services.region}"
    lines = [f"Stack {leaving.stack} in {where}", "goes:"]
    if leaving.endpoint:
        machines = ", ".join(leaving.instances) or "serverless"
        lines.append(f"  endpoint {leaving.endpoint}: {machines}, charged by the hour until then")
    lines += [f"  running release {name}, stopped where it is" for name in leaving.releases]
    lines += [f"  running job {name}, stopped" for name in leaving.jobs]
    lines.append(
        f"  {len(leaving.endpoint_configs)} endpoint configurations and {len(leaving.models)} "
        f"models of releases; {leaving.removed} resources of the stack"
    )
    lines.append("stays:")
    for one in leaving.kept:
        charge = f": {one.charge}" if one.charge else ""
        lines.append(f"  {one.type.removeprefix('AWS::')} {one.physical}{charge}")
    lines.append(f"  the parameters below /modelwharf/{leaving.project}: no charge")
    lines.append("  the log groups below /aws/sagemaker: storage, by GB and month")
    if services.on_laptop:
        lines.append("(on the laptop nothing is charged, and `wharf down` ends all but commits)")
    return "\n".join(lines)


def farewell(leaving: Leaving, services: Services) -> str:
    delete = f"to delete what stays too: wharf destroy --everything --project {leaving.project}"
    if services.on_laptop:
        anew = f"done. `{services.deploy}` starts a new cloud, which has the commits and no more"
        return anew if leaving.everything else f"{anew}; {delete}"
    if leaving.everything:
        return (
            "done. The key is deleted after its waiting time, without charge until then; "
            f"`{services.deploy}` begins anew"
        )
    return (
        f"done. `{services.deploy}` brings it back, with data, models and images, but without the "
        f"subscriptions to its notifications; {delete}"
    )
