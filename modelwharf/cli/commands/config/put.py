"""``wharf config put``: one section of Parameter Store, from a JSON file."""

from typing import IO

import click

from modelwharf.cli.errors import CommandError
from modelwharf.cli.options import json_option, project_option
from modelwharf.cli.output import print_json
from modelwharf.cli.parameters import put_section
from modelwharf.cli.services import Services
from modelwharf.cli.stack import find_stack
from modelwharf.cli.text_file import read_text
from modelwharf.contracts.names import parameter_path
from modelwharf.contracts.parameters import SECTIONS, parse_section
from modelwharf.contracts.section_text import InvalidParameter


@click.command()
@click.argument("section", type=click.Choice(SECTIONS))
@click.argument("file", type=click.File("rb"))
@project_option
@json_option
@click.pass_obj
def put(services: Services, section: str, file: IO[bytes], project: str, as_json: bool) -> None:
    """Write SECTION from the JSON in FILE (- is standard input), if a release could read it.

    The file takes the whole section's place: a key that it leaves out has its default again.
    With --json: path, version.
    """
    find_stack(services, project)
    path = parameter_path(project, section)
    text = read_text(file)
    try:
        parse_section(path, section, text)
    except InvalidParameter as error:
        raise CommandError(f"nothing was written: {error}") from None
    version = put_section(services, project, section, text)
    if as_json:
        print_json({"path": path, "version": version})
    else:
        click.echo(f"{path} version {version}; the next release reads it: wharf start")
