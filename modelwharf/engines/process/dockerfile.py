"""Read a Dockerfile: instructions, their flags, and variables in their words.

The rules are those of BuildKit's frontend/dockerfile/parser; a test compares the two.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from modelwharf.engines.engine import BuildError
from modelwharf.engines.process.shell_words import WHITESPACE, ShellWords, UnreadableWord

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
    "MAINTAINER",
    "ENTRYPOINT",
    "CMD",
    "STOPSIGNAL",
    "HEALTHCHECK",
)
BOM = "\ufeff"
DIRECTIVES = ("escape", "syntax", "check")
BLANKS = re.compile(f"[{WHITESPACE}]+")

_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$")
# In a flag the backslash escapes, whatever the escape character of the file is.
_ESCAPED = re.compile(r"\\(.)")
_QUOTED = r"""\"((?:\\.|[^"])*)\"|'((?:\\.|[^'])*)'"""
_PART = re.compile(rf"\\(.)|{_QUOTED}")
_FLAG = re.compile(rf"--(?:\\.|{_QUOTED}|\S)*")
# `<<` within a word, in quotes or before a blank is not a here-document, and `<<<` is bash's.
_HERE_DOCUMENT = re.compile(r"\d*<<-?[^<]+")


@dataclass(frozen=True)
class Instruction:
    """One instruction: ``text`` is what follows the keyword and its flags."""

    line: int
    keyword: str
    flags: tuple[str, ...]
    text: str
    shell: ShellWords = field(default_factory=ShellWords)

    def refuse(self, reason: str) -> BuildError:
        return BuildError(f"Dockerfile line {self.line}: {self.keyword} {reason}")

    def exec_form(self) -> tuple[str, ...] | None:
        """Return the words of the JSON form, or None for the shell form."""
        if not self.text.startswith("["):
            return None
        try:
            words = json.loads(self.text)
        except json.JSONDecodeError:
            return None  # Docker, too, treats an invalid list as a shell command.
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise self.refuse(f"takes a list of strings, not {self.text}")
        return tuple(words)

    def expanded(self, text: str, variables: Mapping[str, str]) -> str:
        """Return the text as one word: quotes removed and variables filled in."""
        try:
            return self.shell.expand(text, variables)
        except UnreadableWord as error:
            raise self.refuse(f"cannot be read: {error}") from None

    def value(self, variables: Mapping[str, str]) -> str:
        return self.expanded(self.text, variables)

    def words(self, variables: Mapping[str, str]) -> list[str]:
        """Return the words of the JSON form, or those between blanks; quotes do not join words."""
        listed = self.exec_form()
        found = listed if listed is not None else BLANKS.split(self.text) if self.text else ()
        return [self.expanded(word, variables) for word in found]

    def shell_words(self, variables: Mapping[str, str]) -> list[str]:
        """Return the words as a shell splits them: a quoted blank belongs to its word."""
        return [self.expanded(word, variables) for word in self.shell.split(self.text)]

    def pairs(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Read ``KEY=value …``, or the old form ``KEY the whole rest``."""
        words = self.shell.split(self.text)
        if words and "=" not in words[0]:
            key, *rest = BLANKS.split(self.text, maxsplit=1)
            if not rest:
                raise self.refuse(f"needs KEY=value, not {self.text!r}")
            return {self.expanded(key, variables): self.expanded(rest[0], variables)}
        broken = [word for word in words if "=" not in word]
        if broken or not words:
            raise self.refuse(f"needs KEY=value, not {' '.join(broken) or 'nothing'!r}")
        found = (word.partition("=") for word in words)
        return {
            self.expanded(key, variables): self.expanded(value, variables)
            for key, _, value in found
        }


def parse(text: str) -> list[Instruction]:
    """Return every instruction in order. Raises BuildError naming an unsupported line."""
    lines = [line.removesuffix("\r") for line in text.removeprefix(BOM).split("\n")]
    shell = ShellWords(_escape(lines))
    return [_instruction(number, line, shell) for number, line in _logical_lines(lines, shell)]


def _instruction(line: int, logical: str, shell: ShellWords) -> Instruction:
    keyword, *rest = BLANKS.split(logical, maxsplit=1)
    keyword, text = keyword.upper(), "".join(rest)
    if keyword not in KEYWORDS:
        raise BuildError(
            f"Dockerfile line {line}: instruction {keyword!r} is not supported by the "
            f"process engine; it knows {', '.join(KEYWORDS)}"
        )
    flags, text = _flags(text) if keyword != "HEALTHCHECK" else ((), text)
    if keyword in ("RUN", "COPY") and any(map(_HERE_DOCUMENT.fullmatch, shell.split(text))):
        raise BuildError(
            f"Dockerfile line {line}: {keyword} with a here-document is not supported by "
            "the process engine; put the text into a file and COPY it"
        )
    return Instruction(line, keyword, flags, text, shell)


def _escape(lines: list[str]) -> str:
    """Return the escape character: a directive, which only other directives may precede."""
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        directive = _DIRECTIVE.match(line.strip())
        if directive is None:
            break
        name, value = directive[1].lower(), directive[2]
        if name in found:
            raise BuildError(f"Dockerfile line {number}: the directive {name} stands there twice")
        if name in DIRECTIVES:
            found[name] = value
        if name == "escape" and value not in ("\\", "`"):
            raise BuildError(
                f"Dockerfile line {number}: the escape character is {value!r}; allowed are \\ and `"
            )
    return found.get("escape", "\\")


def _logical_lines(lines: list[str], shell: ShellWords) -> Iterator[tuple[int, str]]:
    """Join lines that end with the escape character; drop comments and empty lines."""
    escape = re.escape(shell.escape)
    ends = re.compile(rf"(?:^|(?<=[^{escape}])){escape}[ \t]*$")
    joined, start = "", 0
    for number, raw in enumerate(lines, 1):
        line = raw if start else raw.lstrip()
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        start = start or number
        part = ends.sub("", line)
        joined += part
        if part == line:
            if joined.strip():
                yield start, joined.strip()
            joined, start = "", 0
    if joined.strip():
        yield start, joined.strip()


def _flags(text: str) -> tuple[tuple[str, ...], str]:
    """Return the flags without their quotes and escapes, and the text behind them."""
    flags: list[str] = []
    while found := _FLAG.match(text):
        text = text[found.end() :].strip()
        if found[0] == "--":
            break
        flags.append(_PART.sub(_plain, found[0]))
    return tuple(flags), text


def _plain(part: re.Match[str]) -> str:
    escaped, *quoted = part.groups()
    return escaped or _ESCAPED.sub(r"\1", quoted[0] or quoted[1] or "")
