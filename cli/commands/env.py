"""``wharf env``: what the shell needs to talk to the laptop's cloud."""

import shlex
from pathlib import Path

import click
from pydantic import JsonValue

from cli.laptop import key_of, required_cloud
from cli.options import directory_option, json_option
from cli.output import print_json
from contracts.laptop import LaptopCloud, LaptopKey

OTHER_ACCOUNTS = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")


@click.command()
@directory_option
@json_option
def env(directory: Path, as_json: bool) -> None:
    """Print export lines for the laptop's cloud: eval "$(wharf env)".

    With them every AWS client in this shell talks to it; a profile or session token that
    would stand in the way is unset. With --json: the variables.
    """
    variables = variables_of(required_cloud(directory), key_of(directory))
    if as_json:
        document: dict[str, JsonValue] = dict(variables)
        print_json(document)
        return
    click.echo(f"unset {' '.join(OTHER_ACCOUNTS)}")
    for name, value in variables.items():
        click.echo(f"export {name}={shlex.quote(value)}")


def variables_of(cloud: LaptopCloud, key: LaptopKey) -> dict[str, str]:
    """Return the environment with which any AWS SDK finds this cloud."""
    return {
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_REGION": cloud.region,
        "AWS_DEFAULT_REGION": cloud.region,
        "AWS_ACCESS_KEY_ID": key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
        "WHARF_PROJECT": cloud.project,
    }
