"""Options that several commands share."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from cli.services import Services
from contracts.names import project_name

DEFAULT_PROJECT = "oil-price"
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
DEFAULT_DIRECTORY = Path(".wharf")


def _project(context: click.Context, parameter: click.Parameter, value: str) -> str:
    try:
        return project_name(value)
    except ValueError as error:
        # click would name the variable also for what was typed.
        given = context.get_parameter_source("project") is ParameterSource.ENVIRONMENT
        hint = "WHARF_PROJECT" if given else "'--project'"
        raise click.BadParameter(str(error), param_hint=hint) from None


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


def _since(context: click.Context, parameter: click.Parameter, text: str | None) -> datetime | None:
    """A time ago (``10m``), or a time in ISO 8601."""
    if text is None:
        return None
    if ago := re.fullmatch(r"(\d+)([smhd])", text):
        services: Services = context.obj
        return services.now() - timedelta(**{UNITS[ago[2]]: int(ago[1])})
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is neither a time ago, such as 90s, 10m, 2h or 3d, nor a time such as "
            "2026-11-21T09:00:00+00:00"
        ) from None
    return time.astimezone(UTC)


def since_option(text: str) -> Callable[[Any], Any]:
    """The option ``--since``; ``text`` is its help."""
    return click.option("--since", callback=_since, metavar="TIME", help=text)
