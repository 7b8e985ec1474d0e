"""Printing: tables for people, JSON for machines."""

import json
import sys
from collections.abc import Sequence
from datetime import datetime

import click
from pydantic import BaseModel, JsonValue
from rich.console import Console

PIPE_WIDTH = 200  # columns: a table that is read by grep is not cut


def console() -> Console:
    """A console on today's standard output; wide and plain when that is not a terminal."""
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    return Console(file=sys.stdout, width=width, highlight=False, emoji=False)


def print_json(value: BaseModel | Sequence[BaseModel] | JsonValue) -> None:
    """Print indented JSON; a model's keys are its wire names."""
    click.echo(json.dumps(as_json(value), indent=2))


def as_json(value: BaseModel | Sequence[BaseModel] | JsonValue) -> JsonValue:
    """Return models, also inside a list, as JSON values."""
    if isinstance(value, BaseModel):
        dumped: JsonValue = value.model_dump(mode="json", by_alias=True)
        return dumped
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [as_json(item) for item in value]
    return value


def local_time(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")
