"""``wharf preflight``: an account, before anything is deployed into it or released in it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from modelwharf.cli.assembly import assembly_cache, current_assembly, project_root
from modelwharf.cli.options import json_option, project_option
from modelwharf.cli.output import console, print_json
from modelwharf.cli.preflight import picture
from modelwharf.cli.preflight.account import Account, Template
from modelwharf.cli.preflight.plan import examine
from modelwharf.cli.services import Services
from modelwharf.contracts.preflight import Finding, Outcome


@click.command()
@click.option(
    "--assembly",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A synthesised cloud assembly (cdk.out); without it, one is made.",
)
@click.option(
    "--strict", is_flag=True, help="Exit with 1 for what is to consider or could not be checked."
)
@project_option
@json_option
@click.pass_obj
def preflight(
    services: Services, assembly: Path | None, strict: bool, project: str, as_json: bool
) -> None:
    """Check whether an account is ready for a deploy and a release.

    Credentials, region, CDK bootstrap, Node, the Powertools parameter, CodeCommit, ECR Public,
    quotas, the stack's state, and what an earlier stack left behind. Each finding says what was
    seen, why it matters and what to type. It changes nothing.

    Exit codes: 0 no check failed, 1 one did. With --json: project, place, findings (id,
    outcome, seen, why, command); outcome is pass, fail, warn, unknown (it could not be
    checked, for a permission is missing) or skipped.
    """
    with _assembly(assembly, project) as folder:
        account = Account(services, project, Template.of(folder, project))
    screen = console()

    def tell(finding: Finding) -> None:
        if not as_json:
            picture.tell(screen, finding)

    found = examine(account, tell)
    if as_json:
        print_json(found)
    else:
        click.echo(f"\n{picture.summary(found)} in {found.place}")
    considered = found.count(Outcome.WARN) + found.count(Outcome.UNKNOWN)
    if found.count(Outcome.FAIL) or (strict and considered):
        raise click.exceptions.Exit(1)


@contextmanager
def _assembly(given: Path | None, project: str) -> Iterator[Path]:
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="wharf-preflight-") as folder:
        assembly = Path(folder) / "cdk.out"
        current_assembly(project_root(), assembly, project, assembly_cache())
        yield assembly
