"""``wharf config apply``: the file's sections into Parameter Store."""

import sys
from pathlib import Path

import click
from pydantic import JsonValue

from modelwharf.cli.errors import CommandError
from modelwharf.cli.known_sections import KnownSections
from modelwharf.cli.options import json_option, project_option
from modelwharf.cli.output import as_json as json_of
from modelwharf.cli.output import print_json
from modelwharf.cli.parameters import put_section, stored_sections, who_wrote
from modelwharf.cli.project_file import read_project_file, require_content, require_project_file
from modelwharf.cli.section_comparison import (
    Comparison,
    compared,
    model_of,
    require_project,
    section_of,
)
from modelwharf.cli.services import Services
from modelwharf.cli.stack import find_stack
from modelwharf.contracts.project_file import ProjectFile


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--yes", is_flag=True, help="Do not ask; needed off a terminal.")
@click.option("--overwrite", is_flag=True, help="Replace also sections that another person set.")
@project_option
@json_option
@click.pass_context
def apply(
    context: click.Context,
    file: Path | None,
    yes: bool,
    overwrite: bool,
    project: str,
    as_json: bool,
) -> None:
    """Write the sections of FILE, or of the project's modelwharf.toml, that differ.

    The differences are shown first, as by `wharf config diff`. A section that another person set is
    not replaced without --overwrite: one that is not all defaults, is in no commit of the file up
    to HEAD, and was not applied or pulled here last. With --json, which needs --yes: written
    (section, path, version), changes (as of `wharf config diff --json`).
    """
    services: Services = context.obj
    if as_json and not yes:
        raise click.UsageError("--json cannot ask for confirmation: add --yes")
    path = require_project_file(file)
    content = require_content(read_project_file(path))
    require_project(context, project, content)
    find_stack(services, project)
    known = KnownSections(path)
    stored = stored_sections(services, project)
    found = [one for one in (compared(one, content) for one in stored) if one.differs]
    if not as_json:
        click.echo("\n".join(map(str, found)) or "Parameter Store has what the file says")
    if not overwrite:
        differing = {one.section for one in found}
        _require_known(
            services,
            known,
            [
                one.path
                for one in stored
                if one.section in differing
                and (one.finding or not known.knows(one.section, model_of(one)))
            ],
        )
    if found and not yes:
        sections = ", ".join(one.section for one in found)
        ask(f"Write {sections} to Parameter Store?", terminal=sys.stdin.isatty())
    written: list[JsonValue] = []
    for one in found:
        version = _write(services, project, content, one)
        known.remember(content, [one.section])
        written.append({"section": one.section, "path": one.path, "version": version})
        if not as_json:
            click.echo(f"wrote {one.path} version {version}")
    known.remember(content)
    if as_json:
        print_json({"written": written, "changes": json_of(found)})
    elif written:
        click.echo("the next release reads it: wharf start")


def ask(question: str, *, terminal: bool) -> None:
    """Raises UsageError where there is nobody to ask, and Abort when the answer is no."""
    if not terminal:
        raise click.UsageError("there is no terminal to ask for confirmation: add --yes")
    click.confirm(question, abort=True)


def _require_known(services: Services, known: KnownSections, paths: list[str]) -> None:
    if paths:
        changed = "\n".join(f"{path}: {who_wrote(services, path)}" for path in paths)
        raise CommandError(
            f"nothing was written: another person set what this would replace.\n{changed}\n"
            "No commit of this project has that value, and it was not the last one applied or "
            "pulled here. Take it over with `wharf config pull` or with that person's commit "
            f"(`git pull`), or replace it with --overwrite{known.hint()}"
        )


def _write(services: Services, project: str, content: ProjectFile, one: Comparison) -> int:
    text = section_of(content, one.section).model_dump_json(exclude_unset=True)
    version = put_section(services, project, one.section, text)
    if version != one.version + 1:
        raise CommandError(
            f"{one.path}: another person wrote version {version - 1} meanwhile, and version "
            f"{version} replaced it: see `aws ssm get-parameter-history --name {one.path}`"
        )
    return version
