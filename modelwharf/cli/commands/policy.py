"""``wharf policy``: what people need to be allowed, as a document for IAM."""

import json

import click

from modelwharf.cli.options import json_option, project_option
from modelwharf.cli.policies.people import PEOPLE, policy
from modelwharf.cli.policies.place import deployed, here
from modelwharf.cli.services import Services


@click.command("policy")
@click.argument("kind", type=click.Choice(list(PEOPLE)))
@project_option
@json_option
@click.pass_obj
def policy_command(services: Services, kind: str, project: str, as_json: bool) -> None:
    """Print the IAM policy of those who look, operate or deploy.

    \b
    viewer    releases, show, logs, config show, preflight
    operator  these, and push, start, approve, reject, invoke, data put, config put, redrive
    deployer  `cdk deploy`, by the roles of the CDK's bootstrap; preflight, destroy

    It holds exactly what these commands need in this account, region and project, and nothing
    is changed: attach it to a role or a permission set. viewer and operator name what the
    stack made, so they want a deployed project; deployer does not. It is JSON, with and
    without --json.
    """
    found = PEOPLE[kind]
    place = deployed(services, project) if found.deployed else here(services, project)
    click.echo(json.dumps(policy(found, place), indent=2))
