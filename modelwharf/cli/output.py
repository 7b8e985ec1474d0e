"""Printing: tables for people, JSON for machines."""

import json
import sys
from collections.abc import Sequence
from datetime import datetime

import click
from pydantic import BaseModel, JsonValue
from rich.console import Console, RenderableType

PIPE_WIDTH = 2000  # columns; a table that a program reads is not folded


def console(*, stderr: bool = False) -> Console:
    """Return a console on the current standard output or error; plain when that is not a
    terminal.
    """
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PIPE_WIDTH
    return Console(file=stream, width=width, highlight=False, emoji=False)


def draw(screen: Console, picture: RenderableType) -> None:
    """Print a picture; off a terminal, strip padding."""
    if screen.is_terminal:
        screen.print(picture)
        return
    with screen.capture() as captured:
        screen.print(picture)
    for line in captured.get().splitlines():
        screen.file.write(line.rstrip() + "\n")


def print_json(value: BaseModel | Sequence[BaseModel] | JsonValue) -> None:
    """Print indented JSON; a model's keys are its aliases."""
    click.echo(json.dumps(as_json(value), indent=2))


def as_json(value: BaseModel | Sequence[BaseModel] | JsonValue) -> JsonValue:
    """Return models as JSON values, also those inside a list."""
    if isinstance(value, BaseModel):
        dumped: JsonValue = value.model_dump(mode="json", by_alias=True)
        return dumped
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [as_json(item) for item in value]
    return value


def local_time(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")
