"""Errors of commands. `wharf --help` imports this module."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pydantic import JsonValue

INTERRUPTED = 130  # exit code, 128 + SIGINT


class CommandError(click.ClickException):
    """The command failed; the message says what to do about it."""

    exit_code = 1

    def __init__(self, message: str, **details: "JsonValue") -> None:
        super().__init__(message)
        self.details = details
        """What --json prints besides the message."""
