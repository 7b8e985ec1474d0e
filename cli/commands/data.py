"""``wharf data``: what the model learns from."""

import mimetypes
from pathlib import Path

import click

from cli.arrival import watch
from cli.demo_data import demo_series
from cli.ending import tell
from cli.errors import Trouble
from cli.options import json_option, project_option, wait_option
from cli.parameters import data_section
from cli.services import Services
from cli.stack import Stack, find_stack
from contracts.names import parameter_path


@click.group()
def data() -> None:
    """Data that the model learns from."""


@data.command()
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@wait_option
@project_option
@json_option
@click.pass_obj
def put(services: Services, name: str, file: Path, wait: bool, project: str, as_json: bool) -> None:
    """Upload a file as the input NAME, and say which release it starts.

    NAME is a key under `inputs` of the `data` parameter, which says where the file goes.
    With --json: release, skipped (the reason), already, and of a release that
    was there already its status, commit, and serving (another that serves instead); with --wait as
    `wharf show --json`.
    """
    stack = find_stack(services, project)
    key = key_of(services, project, name)
    before = watch(services, stack)
    version = upload(services, stack, key, file)
    if not as_json:
        click.echo(f"s3://{stack.data_bucket}/{key} version {version}")
    arrival = before.arrival(
        lambda trigger: trigger.data_versions.get(name) == version,
        lambda skip: skip.commit == "-",
    )
    tell(services, stack, arrival, wait=wait, as_json=as_json)


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


def key_of(services: Services, project: str, name: str) -> str:
    """Return the input's key in the data bucket. Raises Trouble for a name not configured."""
    inputs = data_section(services, project).inputs
    if name not in inputs:
        raise Trouble(
            f"the parameter {parameter_path(project, 'data')} has no input {name!r}, "
            f"but {', '.join(sorted(inputs))}: add it under `inputs` there"
        )
    return inputs[name].key


def upload(services: Services, stack: Stack, key: str, file: Path) -> str:
    """Put the file into the data bucket; return the version that the bucket gave it."""
    with file.open("rb") as content:
        answer = services.client("s3").put_object(
            Bucket=stack.data_bucket, Key=key, Body=content, ContentType=content_type(key)
        )
    version: str = answer["VersionId"]
    return version


def content_type(key: str) -> str:
    """What the key's ending says that the object is."""
    return mimetypes.guess_type(key)[0] or "application/octet-stream"
