"""``modelwharf.toml`` as commands read it: its content, or all its faults."""

import difflib
import json
import math
import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from modelwharf.artifact.contract import Contract
from modelwharf.cli.errors import CommandError
from modelwharf.cli.text_file import read_text
from modelwharf.cli.toml_lines import Place, line_of, lines_of
from modelwharf.contracts.configured_project import PROJECT_FILE, find_project_file
from modelwharf.contracts.project_file import ProjectFile
from modelwharf.contracts.section_text import Finding, validated

NO_FILE = f"there is no {PROJECT_FILE} in this folder or above it"
SYNTAX = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)


class Fault(Contract):
    """One fault of the file."""

    file: str
    line: int
    column: int | None = None
    """Set only for a TOML syntax error."""
    key: str
    """The dotted path of the key; empty for a TOML syntax error."""
    message: str
    """The key, its value and the allowed values."""

    def __str__(self) -> str:
        column = "" if self.column is None else f":{self.column}"
        return f"{self.file}:{self.line}{column}: {self.message}"


@dataclass(frozen=True)
class Reading:
    """A file's content. ``content`` is None when ``faults`` has any."""

    path: Path
    name: str
    """The shortest form of the path from here."""
    text: str
    content: ProjectFile | None
    faults: tuple[Fault, ...] = ()


def require_project_file(file: Path | None) -> Path:
    """Return the given file, or the project's. Raises CommandError when there is none."""
    found = file or find_project_file(Path.cwd())
    if found is None:
        raise CommandError(f"{NO_FILE}: name one, or make one with `wharf config pull`")
    return found


def read_project_file(path: Path) -> Reading:
    """Read the file. Raises CommandError when it cannot be read as text."""
    name = shown_path(path)
    try:
        with path.open("rb") as file:
            text = read_text(file)
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}") from None
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return Reading(path, name, text, None, (_syntax(name, text, error),))
    except RecursionError:
        raise CommandError(f"{name} is nested too deeply to be read") from None
    foreign = [*_foreign(document, ())]
    places = {one.place for one in foreign}
    found = validated(ProjectFile, json.loads(json.dumps(document, default=str)))
    if isinstance(found, ProjectFile) and not foreign:
        return Reading(path, name, text, found)
    others = found if isinstance(found, list) else []
    lines = lines_of(text)
    faults = [
        Fault(
            file=name,
            line=line_of(one.place, lines),
            key=".".join(str(part) for part in one.place if part != "[key]"),
            message=_message(one),
        )
        for one in (*foreign, *(other for other in others if other.place not in places))
    ]
    return Reading(path, name, text, None, tuple(sorted(faults, key=lambda one: one.line)))


def require_content(reading: Reading) -> ProjectFile:
    """Return the file's content. Raises CommandError, which names every fault."""
    if reading.content is None:
        raise CommandError("\n".join(map(str, reading.faults)))
    return reading.content


def shown_path(path: Path) -> str:
    """Return the shortest form of the path from here."""
    whole = str(path.resolve())
    try:
        return min(os.path.relpath(whole), whole, key=len)
    except ValueError:  # on another Windows drive
        return whole


def _syntax(name: str, text: str, error: tomllib.TOMLDecodeError) -> Fault:
    match = SYNTAX.fullmatch(str(error))
    message, line, column = match.groups() if match else (str(error), None, None)
    last = text.rstrip("\n").split("\n")
    return Fault(
        file=name,
        line=int(line or len(last)),
        column=int(column or len(last[-1]) + 1),
        key="",
        message=f"this is not TOML: {message[0].lower()}{message[1:]}",
    )


def _foreign(value: Any, place: Place) -> Iterator[Finding]:
    """Find values that TOML has and JSON does not: Parameter Store holds JSON."""
    match value:
        case dict():
            for key, one in value.items():
                yield from _foreign(one, (*place, key))
        case list():
            for position, one in enumerate(value):
                yield from _foreign(one, (*place, position))
        case datetime() | date() | time():
            what = f"the date or time {value}; write it in quotes, as a string"
            yield Finding(place, f"{'.'.join(map(str, place))} is {what}")
        case float() if not math.isfinite(value):
            what = f"{value}, which JSON has no number for; use a finite number"
            yield Finding(place, f"{'.'.join(map(str, place))} is {what}")


def _message(finding: Finding) -> str:
    if not finding.allowed:
        return finding.text
    near = difflib.get_close_matches(str(finding.place[-1]), finding.allowed, n=1)
    return f"{finding.text}; did you mean {near[0]}?" if near else finding.text
