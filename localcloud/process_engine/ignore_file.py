"""Which files of a context a ``.dockerignore`` leaves out, as Docker reads it.

The rules are Moby's (github.com/moby/patternmatcher): the last pattern that matches a path, or a
folder above it, decides; ``!`` takes it back in.
"""

import posixpath
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

NAME = ".dockerignore"
BOM = "\ufeff"


@dataclass(frozen=True)
class Pattern:
    expression: re.Pattern[str]
    takes_in: bool


@dataclass(frozen=True)
class IgnoreFile:
    """The patterns of one file; without any, nothing is left out."""

    patterns: tuple[Pattern, ...] = ()

    @classmethod
    def of(cls, dockerfile: Path, context: Path) -> "IgnoreFile":
        """The one that is named after the Dockerfile, or else the context's own."""
        for path in (dockerfile.with_name(f"{dockerfile.name}{NAME}"), context / NAME):
            if path.is_file():
                return cls.parse(path.read_text())
        return cls()

    @classmethod
    def parse(cls, text: str) -> "IgnoreFile":
        lines = text.removeprefix(BOM).splitlines()
        found = (_pattern(line.strip()) for line in lines if not line.startswith("#"))
        return cls(tuple(pattern for pattern in found if pattern is not None))

    def leaves_out(self, path: PurePosixPath) -> bool:
        """``path`` is relative to the context."""
        names = [str(path), *map(str, path.parents[:-1])]
        out = False
        for pattern in self.patterns:
            if pattern.takes_in == out and any(map(pattern.expression.fullmatch, names)):
                out = not pattern.takes_in
        return out


def _pattern(line: str) -> Pattern | None:
    takes_in = line.startswith("!")
    # Neither a slash at an end nor "." and ".." say anything.
    text = posixpath.normpath(f"/{line.removeprefix('!').strip()}").lstrip("/")
    return Pattern(re.compile(_expression(text), re.DOTALL), takes_in) if text else None


def _expression(text: str) -> str:
    parts: list[str] = []
    rest = text
    while rest:
        if rest.startswith("**/"):
            part, rest = "(?:.*/)?", rest[3:]
        elif rest.startswith("**"):
            part, rest = ".*", rest[2:]
        elif rest[0] in "*?":
            part, rest = {"*": "[^/]*", "?": "[^/]"}[rest[0]], rest[1:]
        elif rest[0] == "[" and "]" in rest[2:]:
            end = rest.index("]", 2) + 1
            part, rest = rest[:end], rest[end:]
        elif rest[0] == "\\" and len(rest) > 1:
            part, rest = re.escape(rest[1]), rest[2:]
        else:
            part, rest = re.escape(rest[0]), rest[1:]
        parts.append(part)
    return "".join(parts)
