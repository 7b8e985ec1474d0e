"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from contracts.names import project_name

DEFAULT_PROJECT = "oil-price"
DEFAULT_DIRECTORY = Path(".wharf")


def _project(context: click.Context, parameter: click.Parameter, value: str) -> str:
    try:
        return project_name(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


project_option: Callable[[Any], Any] = click.option(
    "--project",
    envvar="WHARF_PROJECT",
    default=DEFAULT_PROJECT,
    show_default=True,
    show_envvar=True,
    callback=_project,
    help="Which project's stack to talk to.",
)
JSON_WANTED = "wharf.json"


def _json(context: click.Context, parameter: click.Parameter, value: bool) -> bool:
    """All contexts of one call share ``meta``: the group prints errors as JSON too."""
    context.meta[JSON_WANTED] = value
    return value


json_option: Callable[[Any], Any] = click.option(
    "--json",
    "as_json",
    is_flag=True,
    is_eager=True,
    callback=_json,
    help="Print JSON for programs, errors too.",
)
directory_option: Callable[[Any], Any] = click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_DIRECTORY,
    show_default=True,
    help="Where the laptop's cloud keeps its files.",
)
wait_option: Callable[[Any], Any] = click.option(
    "--wait", is_flag=True, help="Follow the release to its end; exit 1 when it fails."
)
engine_option: Callable[[Any], Any] = click.option(
    "--engine",
    type=click.Choice(["docker", "process"]),
    help="What runs images: docker (Docker or podman) where one answers, otherwise process.",
)
