"""``wharf selftest``: a tiny release in an account, compared with what the laptop promises."""

from pathlib import Path

import click
from botocore.exceptions import BotoCoreError, ClientError

from modelwharf.cli.errors import CommandError
from modelwharf.cli.options import json_option, project_option
from modelwharf.cli.output import print_json
from modelwharf.cli.selftest.gather import gather
from modelwharf.cli.selftest.report import in_words, report_of, write
from modelwharf.cli.selftest.trial import INSTANCE, Trial
from modelwharf.cli.services import Services
from modelwharf.cli.stack import find_stack
from modelwharf.contracts.selftest import SelftestReport

WHAT = """\
A selftest of project {project} in {place}
  puts an object, five parameters and a commit; a queue and a rule hear the events
  builds two images: minutes of a small Linux machine of CodeBuild each
  prepares data, then trains: one {instance} each, from its start to its end, minutes
  serves: one {instance}, from Deploy until the selftest deletes the endpoint, some ten minutes
  takes a quarter to half an hour in AWS, {minutes:g} minutes at most; requests and storage beside
  deletes the endpoint, its model and configuration, the parameters, the object, queue and rule
Charges: the prices of CodeBuild and SageMaker in your region, for these machines and times."""


@click.command()
@click.option("--yes", is_flag=True, help="Ask nothing.")
@click.option(
    "--report",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    show_default=True,
    help="The folder for the two files of the report.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(min=1),
    default=90,
    show_default=True,
    help="How long the release may take; then it is stopped, and what was seen is compared.",
)
@project_option
@json_option
@click.pass_obj
def selftest(
    services: Services, yes: bool, report: Path, minutes: float, project: str, as_json: bool
) -> None:
    """Release a tiny model in an account, and compare.

    What the laptop's cloud promises is held against what happens: who may answer tokens, the
    order of tokens and answers, events and their keys, errors of the services, notifications,
    the endpoint's answer. The project must be unused. Two files are written,
    without account ids, ARNs and keys, to open an issue with: selftest-report.json and .txt.

    Exit codes: 0 all as promised, 1 something differs or could not be seen. With --json (and
    --yes) the report: format, place, versions, release, status, observed (id, comparison,
    promised, seen), gaps, events, stays; comparison is same, differs or unseen.
    """
    if as_json and not yes:
        raise click.UsageError("--json cannot ask for confirmation: add --yes")

    def tell(text: str) -> None:
        click.echo(text, err=as_json)

    stack = find_stack(services, project)
    trial = Trial(services, stack, tell)
    trial.refuse_in_use()
    place = services.endpoint_url or f"AWS, region {services.region}"
    tell(WHAT.format(project=project, place=place, instance=INSTANCE, minutes=minutes))
    if not yes and click.prompt(f"Type the project's name ({project}) to go on") != project:
        raise CommandError("nothing was changed")
    found = _run(trial, minutes)
    paths = write(found, report)
    if as_json:
        print_json(found)
    else:
        click.echo(f"\n{in_words(found)}\nwritten: {' and '.join(map(str, paths))}")
        if not found.as_promised:
            click.echo("Something differs. Please open an issue with both files.")
    if not found.as_promised:
        raise click.exceptions.Exit(1)


def _run(trial: Trial, minutes: float) -> SelftestReport:
    """Whatever happens, what was put there is taken away."""
    error = ""
    try:
        try:
            trial.start()
            trial.wait(minutes)
        except (CommandError, ClientError, BotoCoreError) as caught:
            error = caught.message if isinstance(caught, CommandError) else str(caught)
            trial.tell(f"stops here: {error}")
        evidence = gather(trial, error)
    finally:
        trial.leave()
    return report_of(trial, evidence)
