"""``wharf config pull``: Parameter Store's sections into the file."""

from pathlib import Path
from typing import Any

import click

from modelwharf.cli.errors import CommandError
from modelwharf.cli.known_sections import KnownSections
from modelwharf.cli.options import json_option, project_option
from modelwharf.cli.output import print_json
from modelwharf.cli.parameters import Stored, stored_sections
from modelwharf.cli.project_file import Reading, read_project_file, require_content, shown_path
from modelwharf.cli.schema_file import write_schema
from modelwharf.cli.section_comparison import compared, model_of, require_project, section_of
from modelwharf.cli.services import Services
from modelwharf.cli.stack import find_stack
from modelwharf.contracts.configured_project import PROJECT_FILE, find_project_file
from modelwharf.contracts.project_file import ProjectFile


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--overwrite", is_flag=True, help="Lose what the file alone has.")
@project_option
@json_option
@click.pass_context
def pull(
    context: click.Context, file: Path | None, overwrite: bool, project: str, as_json: bool
) -> None:
    """Write what Parameter Store has into FILE, or into the project's modelwharf.toml.

    A new file holds what differs from the defaults. In a file that is there, only sections that
    differ are changed, and comments stay. A section that is in no commit of the file and was not
    applied or pulled here last is not changed without --overwrite. The file's JSON Schema comes to
    .wharf beside it. With --json: file, sections (those that changed).
    """
    services: Services = context.obj
    path = file or find_project_file(Path.cwd()) or Path(PROJECT_FILE)
    reading = read_project_file(path) if path.exists() else None
    content = require_content(reading) if reading else ProjectFile(project=project)
    require_project(context, project, content)
    find_stack(services, project)
    stored = stored_sections(services, project)
    if unreadable := [one.finding for one in stored if one.finding]:
        raise CommandError("\n".join(("nothing was written:", *unreadable)))
    differing = [one for one in stored if compared(one, content).differs]
    known = KnownSections(path)
    if reading and not overwrite:
        _require_known(reading, known, content, differing)
    pulled = ProjectFile.model_validate(
        {"project": content.project, **{one.section: model_of(one) for one in stored}}
    )
    if differing or not reading:
        _write(path, reading, project, differing, pulled)
    write_schema(path.resolve().parent)
    known.remember(pulled)
    changed = [one.section for one in differing]
    if as_json:
        print_json({"file": shown_path(path), "sections": [*changed]})
    elif differing:
        click.echo(f"wrote {shown_path(path)}: {', '.join(changed)}")
    else:
        click.echo(f"{shown_path(path)} has what Parameter Store has")


def _require_known(
    reading: Reading, known: KnownSections, content: ProjectFile, differing: list[Stored]
) -> None:
    sections = [one.section for one in differing]
    lost = [one for one in sections if not known.knows(one, section_of(content, one))]
    if lost:
        raise CommandError(
            f"nothing was written: {reading.name} has changes of {', '.join(lost)} that Parameter "
            "Store has not and that are in no commit (`wharf config diff` shows them): commit "
            f"them, apply them, or lose them with --overwrite{known.hint()}"
        )


def _write(
    path: Path, reading: Reading | None, project: str, differing: list[Stored], pulled: ProjectFile
) -> None:
    """Raises CommandError, and leaves the file as it was, when it would not say what it should."""
    from modelwharf.cli.toml_edit import edited, new_text

    sections: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    for one in differing:
        model = section_of(pulled, one.section)
        wanted = model.model_dump(mode="json", exclude_defaults=True)
        sections[one.section] = (wanted, model.model_dump(mode="json"))
    text = edited(reading.text if reading else new_text(project), sections)
    draft = path.with_name(f"{path.name}.new")
    draft.write_bytes(text.encode())
    try:
        if read_project_file(draft).content != pulled:
            raise CommandError(
                f"{shown_path(path)} cannot be edited as it is written: move it away, and pull "
                "into a new file"
            )
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
