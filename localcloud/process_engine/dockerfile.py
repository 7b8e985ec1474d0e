"""Reading a Dockerfile: instructions, their flags, and variables in their words."""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from localcloud.engine import BuildError

KEYWORDS = (
    "FROM",
    "ARG",
    "ENV",
    "WORKDIR",
    "COPY",
    "RUN",
    "USER",
    "EXPOSE",
    "LABEL",
    "ENTRYPOINT",
    "CMD",
    "STOPSIGNAL",
    "HEALTHCHECK",
)

_VARIABLE = re.compile(
    r"\\\$|\$(?:(?P<plain>\w+)|\{(?P<name>\w+)(?::(?P<sign>[-+])(?P<word>[^}]*))?\})"
)


@dataclass(frozen=True)
class Instruction:
    """One instruction: ``text`` is what follows the keyword and its flags."""

    line: int
    keyword: str
    flags: tuple[str, ...]
    text: str

    def refuse(self, reason: str) -> BuildError:
        return BuildError(f"Dockerfile line {self.line}: {self.keyword} {reason}")

    def exec_form(self) -> tuple[str, ...] | None:
        """The words of the JSON form, or None when this is the shell form."""
        if not self.text.startswith("["):
            return None
        try:
            words = json.loads(self.text)
        except json.JSONDecodeError:
            return None  # Docker too takes a broken list for a shell command.
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise self.refuse(f"takes a list of strings, not {self.text}")
        return tuple(words)

    def words(self, variables: Mapping[str, str]) -> list[str]:
        """The shell-like words, quotes removed and variables filled in."""
        listed = self.exec_form()
        if listed is not None:
            return [expand(word, variables) for word in listed]
        try:
            return [expand(word, variables) for word in shlex.split(self.text)]
        except ValueError as error:
            raise self.refuse(f"cannot be read: {error} in {self.text!r}") from None

    def pairs(self, variables: Mapping[str, str]) -> dict[str, str]:
        """``KEY=value …``, or the old form ``KEY the whole rest``."""
        words = self.words(variables)
        if words and "=" not in words[0]:
            key, _, value = self.text.partition(" ")
            if not value.strip():
                raise self.refuse(f"needs KEY=value, not {self.text!r}")
            return {key: expand(value.strip(), variables)}
        broken = [word for word in words if "=" not in word]
        if broken or not words:
            raise self.refuse(f"needs KEY=value, not {' '.join(broken) or 'nothing'!r}")
        return {key: value for key, _, value in (word.partition("=") for word in words)}


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Fill in ``$NAME``, ``${NAME}``, ``${NAME:-word}`` and ``${NAME:+word}``."""

    def value(match: re.Match[str]) -> str:
        name = match["plain"] or match["name"]
        if name is None:
            return "$"
        found = variables.get(name, "")
        if match["sign"] == "-":
            return found or match["word"]
        if match["sign"] == "+":
            return match["word"] if found else ""
        return found

    return _VARIABLE.sub(value, text)


def parse(text: str) -> list[Instruction]:
    """Every instruction in order. Raises BuildError naming the line it cannot take."""
    instructions = []
    for line, logical in _logical_lines(text):
        keyword, _, rest = logical.partition(" ")
        keyword = keyword.upper()
        if keyword not in KEYWORDS:
            raise BuildError(
                f"Dockerfile line {line}: instruction {keyword!r} is not supported by the "
                f"process engine; it knows {', '.join(KEYWORDS)}"
            )
        flags, rest = _flags(rest.strip()) if keyword != "HEALTHCHECK" else ((), rest)
        if "<<" in rest and keyword in ("RUN", "COPY"):
            raise BuildError(
                f"Dockerfile line {line}: {keyword} with a here-document is not supported by "
                "the process engine; put the text into a file and COPY it"
            )
        instructions.append(Instruction(line, keyword, flags, rest.strip()))
    return instructions


def _logical_lines(text: str) -> list[tuple[int, str]]:
    """Lines joined over trailing backslashes, without comments and empty lines."""
    found: list[tuple[int, str]] = []
    parts: list[str] = []
    start = 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if not parts:
            start = number
        continued = line.endswith("\\")
        parts.append(line[:-1].rstrip() if continued else line)
        if not continued:
            found.append((start, " ".join(parts)))
            parts = []
    if parts:
        found.append((start, " ".join(parts)))
    return found


def _flags(text: str) -> tuple[tuple[str, ...], str]:
    flags = []
    while text.startswith("--"):
        flag, _, text = text.partition(" ")
        flags.append(flag)
        text = text.strip()
    return tuple(flags), text
