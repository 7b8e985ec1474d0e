"""Options that several commands share."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from modelwharf.contracts.configured_project import PROJECT_FILE, configured_project
from modelwharf.contracts.names import DEFAULT_PROJECT, project_name

if TYPE_CHECKING:
    from modelwharf.cli.services import Services

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
DEFAULT_DIRECTORY = Path(".wharf")


def _project(context: click.Context, parameter: click.Parameter, value: str) -> str:
    try:
        return project_name(value)
    except ValueError as error:
        # click would name the variable even when the option was typed.
        given = context.get_parameter_source("project") is ParameterSource.ENVIRONMENT
        hint = "WHARF_PROJECT" if given else "'--project'"
        raise click.BadParameter(str(error), param_hint=hint) from None


def _project_of_the_file() -> str:
    """Return the project when neither an option nor a variable names one."""
    try:
        return configured_project(Path.cwd()) or DEFAULT_PROJECT
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=PROJECT_FILE) from None


project_option: Callable[[Any], Any] = click.option(
    "--project",
    envvar="WHARF_PROJECT",
    default=_project_of_the_file,
    show_default=f"{PROJECT_FILE}'s, or {DEFAULT_PROJECT}",
    show_envvar=True,
    callback=_project,
    help="Which project's stack to talk to.",
)
JSON_WANTED = "wharf.json"


def _json(context: click.Context, parameter: click.Parameter, value: bool) -> bool:
    """Record --json in ``meta``, which all contexts of a call share: the group prints errors as
    JSON too.
    """
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
    """Parse a time ago (``10m``), or a time in ISO 8601."""
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
    """Return the option ``--since``; ``text`` is its help."""
    return click.option("--since", callback=_since, metavar="TIME", help=text)
