"""Tell which files of a context a ``.dockerignore`` leaves out, as Docker does.

The rules are Moby's (github.com/moby/patternmatcher): the last pattern that matches a path, or a
folder above it, decides; ``!`` includes it again.
"""

import posixpath
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from modelwharf.engines.engine import BuildError

NAME = ".dockerignore"
BOM = "\ufeff"


class BadPattern(ValueError):
    """A line that is not a valid pattern, such as ``[z-a]``."""


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
        """Return the file named after the Dockerfile, or else the context's own."""
        for path in (dockerfile.with_name(f"{dockerfile.name}{NAME}"), context / NAME):
            if path.is_file():
                return cls._read(path)
        return cls()

    @classmethod
    def _read(cls, path: Path) -> "IgnoreFile":
        """Read the patterns. Raises BuildError for what Docker cannot read either."""
        try:
            return cls.parse(path.read_bytes().decode())
        except UnicodeDecodeError as error:
            found = error.object[error.start]
            raise BuildError(
                f"{path.name} is not UTF-8: byte {error.start + 1} is {found:#x}; save it as UTF-8"
            ) from None
        except BadPattern as error:
            raise BuildError(f"{path.name} has the pattern {str(error)!r}, which is none") from None

    @classmethod
    def parse(cls, text: str) -> "IgnoreFile":
        lines = text.removeprefix(BOM).splitlines()
        found = (_pattern(line.strip()) for line in lines if not line.startswith("#"))
        return cls(tuple(pattern for pattern in found if pattern is not None))

    def leaves_out(self, path: PurePosixPath) -> bool:
        """Whether the file leaves out ``path``, which is relative to the context."""
        names = [str(path), *map(str, path.parents[:-1])]
        out = False
        for pattern in self.patterns:
            if pattern.takes_in == out and any(map(pattern.expression.fullmatch, names)):
                out = not pattern.takes_in
        return out


def _pattern(line: str) -> Pattern | None:
    takes_in = line.startswith("!")
    # A trailing slash, "." and ".." have no effect.
    text = posixpath.normpath(f"/{line.removeprefix('!').strip()}").lstrip("/")
    try:
        return Pattern(re.compile(_expression(text), re.DOTALL), takes_in) if text else None
    except re.error:
        raise BadPattern(line) from None


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
