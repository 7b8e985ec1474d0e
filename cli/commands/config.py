"""``wharf config``: what the team configures, and what a release takes it for."""

import json
from typing import IO

import click

from cli.errors import Trouble
from cli.options import json_option, project_option
from cli.output import print_json
from cli.parameters import Stored, put_section, stored_sections
from cli.services import Services
from cli.stack import find_stack
from contracts.names import parameter_path
from contracts.parameters import DEFAULT_VERSION, SECTIONS, parse_section
from contracts.section_text import InvalidParameter

section_choice = click.Choice(SECTIONS)


@click.group()
def config() -> None:
    """The project's sections in Parameter Store (docs/parameters.md)."""


@config.command()
@click.argument("section", type=section_choice, required=False)
@project_option
@json_option
@click.pass_obj
def show(services: Services, section: str | None, project: str, as_json: bool) -> None:
    """Print the sections as the next release takes them, defaults filled in.

    A section without a parameter is all defaults, those of the `wharf` at hand. With --json, a
    list of: section, path, version (0: no parameter), set (what the team wrote), effective,
    finding (why the next release will end in Resolve).
    """
    find_stack(services, project)
    found = [one for one in stored_sections(services, project) if section in (None, one.section)]
    if as_json:
        print_json(found)
    else:
        for one in found:
            click.echo(_described(one))
    if any(one.finding for one in found):
        raise click.exceptions.Exit(1)


@config.command()
@click.argument("section", type=section_choice)
@click.argument("file", type=click.File(encoding="utf-8"))
@project_option
@json_option
@click.pass_obj
def put(services: Services, section: str, file: IO[str], project: str, as_json: bool) -> None:
    """Write SECTION from the JSON in FILE (- is standard input), if a release could read it.

    The file takes the whole section's place: a key that it leaves out has its default again.
    With --json: path, version.
    """
    find_stack(services, project)
    path = parameter_path(project, section)
    text = file.read()
    try:
        parse_section(path, section, text)
    except InvalidParameter as error:
        raise Trouble(f"nothing was written: {error}") from None
    version = put_section(services, project, section, text)
    if as_json:
        print_json({"path": path, "version": version})
    else:
        click.echo(f"{path} version {version}; the next release reads it: wharf start")


def _described(one: Stored) -> str:
    version = "defaults" if one.version == DEFAULT_VERSION else f"version {one.version}"
    content = one.finding or json.dumps(one.effective, indent=2, ensure_ascii=False)
    return f"{one.path} ({version})\n{content}"
