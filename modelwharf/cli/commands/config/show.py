"""``wharf config show``: what the next release reads, and who said so."""

import click

from modelwharf.cli.options import json_option, project_option
from modelwharf.cli.output import print_json
from modelwharf.cli.parameters import Stored, stored_sections
from modelwharf.cli.section_changes import flat
from modelwharf.cli.services import Services
from modelwharf.cli.stack import find_stack
from modelwharf.contracts.parameters import DEFAULT_VERSION, SECTIONS


@click.command()
@click.argument("section", type=click.Choice(SECTIONS), required=False)
@project_option
@json_option
@click.pass_obj
def show(services: Services, section: str | None, project: str, as_json: bool) -> None:
    """Print the sections as the next release takes them, defaults filled in.

    `default` marks a value that Parameter Store does not set; this `wharf` fills it in. With
    --json, a list of: section, path, version (0: no parameter), set (what the team wrote),
    effective, defaults (the keys in effective that Parameter Store does not set), finding (why
    the next release will end in Resolve).
    """
    find_stack(services, project)
    found = [one for one in stored_sections(services, project) if section in (None, one.section)]
    if as_json:
        print_json(found)
    else:
        click.echo("\n\n".join(map(_described, found)))
    if any(one.finding for one in found):
        raise click.exceptions.Exit(1)


def _described(one: Stored) -> str:
    version = "defaults" if one.version == DEFAULT_VERSION else f"version {one.version}"
    return "\n".join((f"{one.path} ({version})", *_content(one)))


def _content(one: Stored) -> list[str]:
    if not isinstance(one.effective, dict):
        return [one.finding]
    lines = {key: f"{key} = {value}" for key, value in flat(one.effective).items()}
    return [f"{line}  (default)" if key in one.defaults else line for key, line in lines.items()]
