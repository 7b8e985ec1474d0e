"""Finds the line of each key and each list item in a TOML text.

Neither ``tomllib`` nor tomlkit reports lines. This module expects text that ``tomllib`` accepted
and checks nothing.
"""

import re
import tomllib
from collections.abc import Mapping

Place = tuple[str | int, ...]
TOKEN = re.compile(
    r'''"""(?:[^\\]|\\.)*?""""{0,2}|\'\'\'.*?\'\'\'\'{0,2}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*\''''
    r"""|\#[^\n]*|\n|[\[\]{}=,.]|[^\s\[\]{}=,.#"']+""",
    re.DOTALL,
)


def lines_of(text: str) -> dict[Place, int]:
    """Return the line, from 1, of each key and list item; ``text`` is TOML."""
    return _Reader(text).read()


def line_of(place: Place, lines: Mapping[Place, int]) -> int:
    """Return the line of the place, or of the nearest enclosing place."""
    known = (lines.get(place[:length]) for length in range(len(place), 0, -1))
    return next((line for line in known if line is not None), 1)


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, int]] = []
        line = 1
        for match in TOKEN.finditer(text):
            if not match[0].startswith("#"):
                self.tokens.append((match[0], line))
            line += match[0].count("\n")
        self.next = 0
        self.lines: dict[Place, int] = {}
        self.lengths: dict[Place, int] = {}
        """The number of tables in each array of tables so far."""

    def read(self) -> dict[Place, int]:
        table: Place = ()
        while self.next < len(self.tokens):
            if self._skip("\n"):
                continue
            if self._skip("["):
                several = self._skip("[")
                table = self._header(several)
                self.next += 2 if several else 1
            else:
                self._pair(table)
        return self.lines

    def _header(self, several: bool) -> Place:
        keys = self._keys()
        place: Place = ()
        for number, (key, line) in enumerate(keys, 1):
            place = (*place, key)
            self.lines.setdefault(place, line)
            if several and number == len(keys):
                self.lengths[place] = self.lengths.get(place, 0) + 1
            if place in self.lengths:
                place = (*place, self.lengths[place] - 1)
                self.lines.setdefault(place, line)
        return place

    def _pair(self, table: Place) -> None:
        place = table
        for key, line in self._keys():
            place = (*place, key)
            self.lines.setdefault(place, line)
        self._skip("=")
        self._value(place)

    def _keys(self) -> list[tuple[str, int]]:
        """Read the parts of a dotted key, with their lines."""
        found = []
        while True:
            token, line = self._take()
            quoted = token[0] in "\"'"
            found.append((next(iter(tomllib.loads(f"{token}=0"))) if quoted else token, line))
            if not self._skip("."):
                return found

    def _value(self, place: Place) -> None:
        if self._skip("["):
            self._list(place)
        elif self._skip("{"):
            while not self._skip("}"):
                if not (self._skip("\n") or self._skip(",")):
                    self._pair(place)
        else:
            # A number, a date or a string: its remaining tokens end at the line's or the list's
            # end.
            while self._peek() not in {"", "\n", ",", "]", "}"}:
                self._take()

    def _list(self, place: Place) -> None:
        count = 0
        while not self._skip("]"):
            if self._skip("\n") or self._skip(","):
                continue
            self.lines[(*place, count)] = self.tokens[self.next][1]
            self._value((*place, count))
            count += 1

    def _peek(self) -> str:
        return self.tokens[self.next][0] if self.next < len(self.tokens) else ""

    def _skip(self, token: str) -> bool:
        found = self._peek() == token
        self.next += found
        return found

    def _take(self) -> tuple[str, int]:
        self.next += 1
        return self.tokens[self.next - 1]
