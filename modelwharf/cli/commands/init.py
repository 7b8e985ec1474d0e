"""``wharf init``: a project of one's own, ready to push."""

from pathlib import Path

import click

from modelwharf.cli.checkout import Checkout
from modelwharf.cli.commands.vendor import VENDOR
from modelwharf.cli.errors import CommandError
from modelwharf.cli.options import json_option
from modelwharf.cli.output import print_json
from modelwharf.cli.runtime_wheel import write_runtime_wheel
from modelwharf.cli.templates import Template, templates
from modelwharf.contracts.names import project_name

SHOWN = 5  # names of files that are in the way


def _template(context: click.Context, parameter: click.Parameter, name: str) -> Template:
    known = templates()
    if name in known:
        return known[name]
    listed = "".join(f"\n  {one.name}: {one.description}" for one in known.values())
    raise click.BadParameter(f"there is no template {name!r}, but{listed}")


@click.command()
@click.argument("directory", type=click.Path(path_type=Path), default=Path())
@click.option(
    "--template",
    required=True,
    metavar="NAME",
    callback=_template,
    help=f"What to begin with: {', '.join(templates())}.",
)
@click.option("--project", metavar="NAME", help="Its name in AWS; without it, the directory's.")
@json_option
def init(directory: Path, template: Template, project: str | None, as_json: bool) -> None:
    """Make a project of your own, ready to push.

    DIRECTORY becomes a git repository with a first commit. Its images install the wheel in vendor/,
    which is the part of this package that they need.
    With --json: directory, project, template, files.
    """
    name = _project(project, directory)
    _require_empty(directory)
    files = template.files(name)
    for path, content in files.items():
        place = directory / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    made = sorted(files)
    if template.package:
        (directory / VENDOR).mkdir()
        made.append(str(write_runtime_wheel(directory / VENDOR).relative_to(directory)))
    _commit(directory, made, f"Begin {name} with wharf init --template {template.name}")
    if as_json:
        shown = {"directory": str(directory), "project": name, "template": template.name}
        print_json({**shown, "files": [*made]})
        return
    click.echo(f"{directory}: project {name}, {len(made)} files, committed{_inside(directory)}")
    click.echo("\nNext:")
    for line in _next(directory, template):
        click.echo(f"  {line}")


def _inside(directory: Path) -> str:
    """Say that another repository would take the project for a link to its commit alone."""
    place = directory.resolve()
    outer = Checkout(place.parent).root()
    if outer is None:
        return ""
    ignored = place.relative_to(outer.resolve()).as_posix()
    return (
        f"\nIt is a repository of its own inside {outer}, which must ignore it: "
        f"echo /{ignored}/ >> {outer / '.gitignore'}"
    )


def _project(given: str | None, directory: Path) -> str:
    word = given or directory.resolve().name
    try:
        return project_name(word)
    except ValueError as error:
        ending = "" if given else "; give another by --project NAME"
        raise click.UsageError(f"{error}{ending}") from None


def _require_empty(directory: Path) -> None:
    """Raises CommandError for a directory that has anything but a repository without commits."""
    if directory.exists() and not directory.is_dir():
        raise CommandError(
            f"{directory} is a file: name a directory that is empty or not there yet"
        )
    there = sorted(path.name for path in directory.iterdir()) if directory.exists() else []
    there = [name for name in there if name != ".git"]
    if there:
        more = f" and {len(there) - SHOWN} more" if len(there) > SHOWN else ""
        raise CommandError(
            f"{directory} is not empty: it has {', '.join(there[:SHOWN])}{more}; nothing was "
            "written. Name a directory that is empty or not there yet"
        )


def _commit(directory: Path, files: list[str], message: str) -> None:
    try:
        Checkout(directory).begin(files, message)
    except CommandError as error:
        raise CommandError(f"the files are in {directory}, but {error.message}") from None


def _next(directory: Path, template: Template) -> list[str]:
    here = [] if directory.resolve() == Path.cwd() else [f"cd {directory}"]
    data = [template.data] if template.data else []
    return [*here, *data, 'wharf up && eval "$(wharf env)"', "wharf push --wait", template.question]
