"""``wharf data``: what the model learns from."""

from collections.abc import Collection, Sequence
from pathlib import Path
from uuid import uuid4

import click

from modelwharf.cli.data_upload import upload
from modelwharf.cli.demo_data import demo_series
from modelwharf.cli.ending import tell
from modelwharf.cli.errors import CommandError
from modelwharf.cli.options import json_option, project_option, wait_option
from modelwharf.cli.parameters import data_section
from modelwharf.cli.requested_release import watch
from modelwharf.cli.services import Services
from modelwharf.cli.stack import find_stack
from modelwharf.contracts.configured_project import PROJECT_FILE, find_project_file
from modelwharf.contracts.names import UPLOAD_METADATA, parameter_path


@click.group()
def data() -> None:
    """Data that the model learns from."""


@data.command()
@click.argument("pairs", nargs=-1, required=True, metavar="NAME FILE [NAME FILE]...")
@wait_option
@project_option
@json_option
@click.pass_obj
def put(
    services: Services, pairs: tuple[str, ...], wait: bool, project: str, as_json: bool
) -> None:
    """Upload a file as the input NAME, and say which release it starts.

    NAME is a key under `inputs` of the `data` parameter, which says where the file goes. Several
    inputs make one release.
    With --json: release, skipped (the reason), already, and of a release that
    was there already its status, commit, and serving (another that serves instead); with --wait as
    `wharf show --json`.
    """
    stack = find_stack(services, project)
    files = files_of(pairs)
    keys = {name: key_of(services, project, name) for name in files}
    before = watch(services, stack)
    versions = {}
    metadata = together(files)
    for name, file in files.items():
        versions[name] = upload(services, stack, keys[name], file, metadata)
        if not as_json:
            click.echo(f"s3://{stack.data_bucket}/{keys[name]} version {versions[name]}")
    requested = before.outcome(
        lambda trigger: versions.items() <= trigger.data_versions.items(),
        lambda skip: skip.commit == "-",
    )
    tell(services, stack, requested, wait=wait, as_json=as_json)


@data.command()
@click.argument("name", type=click.Choice(["wti", "sp500"]))
@json_option
def sample(name: str, as_json: bool) -> None:
    """Print a real daily series as CSV, Date,Price, to try things with.

    wti: the spot price of oil at Cushing, US dollars a barrel; sp500: the S&P 500's close.
    With --json: csv, last_day.
    """
    series = demo_series()[name]
    click.echo(series.model_dump_json() if as_json else series.csv, nl=False)


def files_of(pairs: Sequence[str]) -> dict[str, Path]:
    """Return the file of each input, by its name.

    Raises UsageError for a name without a file and for a name given twice, BadParameter for a file
    that is not there.
    """
    if len(pairs) % 2:
        raise click.UsageError(f"{pairs[-1]!r} has no FILE: give NAME FILE, for each input")
    read = click.Path(exists=True, dir_okay=False, path_type=Path)
    names, files = pairs[::2], pairs[1::2]
    for name in names:
        if names.count(name) > 1:
            raise click.UsageError(f"the input {name!r} is given {names.count(name)} times")
    return {name: read.convert(file, None, None) for name, file in zip(names, files, strict=True)}


def together(names: Collection[str]) -> dict[str, str]:
    """The metadata that makes one release of several objects; one alone needs none."""
    if len(names) < 2:
        return {}
    return {UPLOAD_METADATA: f"{uuid4().hex} {','.join(names)}"}


def key_of(services: Services, project: str, name: str) -> str:
    """Return the input's key in the data bucket. Raises CommandError for a name not configured."""
    inputs = data_section(services, project).inputs
    if name not in inputs:
        raise CommandError(
            f"the parameter {parameter_path(project, 'data')} has no input {name!r}, "
            f"but {', '.join(sorted(inputs))}. {_another_input(name)}"
        )
    return inputs[name].key


def _another_input(name: str) -> str:
    key = f"series/{name}.csv"
    if find_project_file(Path.cwd()):
        return (
            f"Write into {PROJECT_FILE} the lines `[data.inputs.{name}]` and "
            f'`key = "{key}"`, then `wharf config apply`'
        )
    return (
        f'Yours take their place: write {{"inputs": {{"{name}": {{"key": "{key}"}}}}}} into a file '
        "(what is set beside it: wharf config show data), then `wharf config put data FILE`"
    )
