"""``wharf config check``: the file, before anything is asked or written."""

from pathlib import Path

import click

from modelwharf.cli.options import json_option
from modelwharf.cli.output import as_json as json_of
from modelwharf.cli.output import print_json
from modelwharf.cli.project_file import read_project_file, require_project_file
from modelwharf.contracts.parameters import SECTIONS


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@json_option
def check(file: Path | None, as_json: bool) -> None:
    """Check FILE, or the project's modelwharf.toml, and ask no service for it.

    Every fault is a line of its own: file, line, key, value and what is allowed. Exits with 1 when
    there is one. With --json: file, project (null with a fault), sections (those that the file
    sets), faults (file, line, column, key, message).
    """
    reading = read_project_file(require_project_file(file))
    content = reading.content
    named = content.model_fields_set if content else frozenset[str]()
    sections = [section for section in SECTIONS if section in named]
    if as_json:
        print_json(
            {
                "file": reading.name,
                "project": content.project if content else None,
                "sections": [*sections],
                "faults": json_of(reading.faults),
            }
        )
    elif content:
        names = ", ".join(sections) or "no section"
        click.echo(f"{reading.name}: project {content.project}, sets {names}; no fault found")
    else:
        for fault in reading.faults:
            click.echo(str(fault))
    if reading.faults:
        raise click.exceptions.Exit(1)
