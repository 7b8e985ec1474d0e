"""``wharf env``: what the shell needs to talk to the laptop's cloud."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

import click
from pydantic import JsonValue

from modelwharf.cli.client_settings import FOLDER, NAMES, in_the_way, variables, write_files
from modelwharf.cli.laptop import key_of, required_cloud
from modelwharf.cli.options import directory_option, json_option
from modelwharf.cli.output import print_json
from modelwharf.contracts.laptop import LaptopCloud


@click.command()
@directory_option
@click.option("--unset", is_flag=True, help="Print lines that take all of it away again.")
@json_option
def env(directory: Path, unset: bool, as_json: bool) -> None:
    """Print export lines for the laptop's cloud: eval "$(wharf env)".

    With them every AWS client in this shell talks to it, and none to AWS; a profile or session
    token that would stand in the way is unset. With --json: the variables (with --unset: their
    names). What was set before does not come back with --unset, which needs no running cloud.
    """
    if unset:
        if as_json:
            print_json({"unset": list(NAMES)})
        else:
            click.echo(f"unset {' '.join(NAMES)}")
        return
    found = variables_of(required_cloud(directory), directory, os.environ)
    if as_json:
        document: dict[str, JsonValue] = dict(found)
        print_json(document)
        return
    click.echo(f"unset {' '.join(in_the_way(os.environ))}")
    for name, value in found.items():
        click.echo(f"export {name}={shlex.quote(value)}")


def variables_of(
    cloud: LaptopCloud, directory: Path, environment: Mapping[str, str]
) -> dict[str, str]:
    """Return the variables with which any AWS client finds this cloud; their files are written.

    ``environment`` is what they come on top of.
    """
    folder = directory.resolve() / FOLDER
    write_files(cloud, folder, environment)
    return variables(cloud, key_of(directory), folder)
