"""``wharf config diff``: what `wharf config apply` would change."""

from pathlib import Path

import click

from modelwharf.cli.options import json_option, project_option
from modelwharf.cli.output import print_json
from modelwharf.cli.project_file import read_project_file, require_content, require_project_file
from modelwharf.cli.section_comparison import compare, require_project
from modelwharf.cli.services import Services
from modelwharf.cli.stack import find_stack


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@project_option
@json_option
@click.pass_context
def diff(context: click.Context, file: Path | None, project: str, as_json: bool) -> None:
    """Compare FILE, or the project's modelwharf.toml, with Parameter Store.

    Each line is a key: what Parameter Store has (or the default), and what the file says. A key
    that the file leaves out has its default. Exit codes: 0 a release would take the same, 1 it
    would not, or a problem. With --json, a list of the sections that differ: section, path,
    version (0: no parameter), changes (key, before, after: each text, default), finding.
    """
    services: Services = context.obj
    content = require_content(read_project_file(require_project_file(file)))
    require_project(context, project, content)
    find_stack(services, project)
    found = [one for one in compare(services, project, content) if one.differs]
    if as_json:
        print_json(found)
    else:
        click.echo("\n".join(map(str, found)) or "Parameter Store has what the file says")
    if found:
        raise click.exceptions.Exit(1)
