"""The user's faults in data or settings."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pydantic import ValidationError
from pydantic_core import ErrorDetails


class Rejected(Exception):
    """The data or a setting cannot be used. The message says what, where and what is allowed."""


@contextmanager
def gathered(refusals: list[str]) -> Iterator[None]:
    """Collect a refusal and continue, so that people see all faults at once."""
    try:
        yield
    except Rejected as error:
        refusals.append(str(error))


def in_options(options: Mapping[str, object]) -> str:
    """The setting, and the command that changes it."""
    return (
        f"under `options` of the data parameter: {json.dumps(options, ensure_ascii=False)} "
        "(in modelwharf.toml, then `wharf config apply`; or `wharf config put data FILE`)"
    )


def rejection(where: str, error: ValidationError, allowed: tuple[str, ...]) -> Rejected:
    """Pydantic's findings in ``where``, in plain words."""
    return Rejected("; ".join(_finding(where, item, allowed) for item in error.errors()))


def _finding(where: str, error: ErrorDetails, allowed: tuple[str, ...]) -> str:
    name = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"{where}: unknown {name!r}; allowed: {', '.join(allowed)}"
    if error["type"] == "missing":
        return f"{where}: {name!r} is missing"
    message = error["msg"]
    return f"{where}: {name} is {error['input']!r}, but {message[0].lower()}{message[1:]}"
