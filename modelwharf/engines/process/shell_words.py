"""The words of a Dockerfile's instruction: quotes, escapes and variables, as BuildKit reads them.

The rules are of BuildKit's frontend/dockerfile/shell/lex.go and the Dockerfile reference,
"Environment replacement".
"""

from collections.abc import Mapping
from dataclasses import dataclass

WHITESPACE = " \t\v\f\r"
SPECIAL = "@*#?-$!0123456789"
"""Shell variables of one character; a Dockerfile has none of them."""


class UnreadableWord(Exception):
    """A word that BuildKit refuses as well; the message says why."""


@dataclass(frozen=True)
class ShellWords:
    """Reads words. ``escape`` is the Dockerfile's escape character."""

    escape: str = "\\"

    def split(self, text: str) -> list[str]:
        """Split at blanks outside of quotes; quotes and escapes stay in the words."""
        words: list[str] = []
        word, quote, place = "", "", 0
        while place < len(text):
            sign = text[place]
            if sign == self.escape and quote != "'":
                sign = text[place : place + 2]
            elif sign == quote:
                quote = ""
            elif not quote and sign in "'\"":
                quote = sign
            if not quote and sign in WHITESPACE:
                words += [word] if word else []
                word = ""
            else:
                word += sign
            place += len(sign)
        return words + ([word] if word else [])

    def expand(self, word: str, variables: Mapping[str, str]) -> str:
        """Return the word without its quotes, variables filled in. Raises UnreadableWord."""
        return _Expansion(word, variables, self.escape).up_to("")


class _Expansion:
    """One pass over a word."""

    def __init__(self, text: str, variables: Mapping[str, str], escape: str) -> None:
        self._text = text
        self._place = 0
        self._variables = variables
        self._escape = escape

    def up_to(self, stop: str) -> str:
        """Read up to the character ``stop`` and skip it; "" reads to the end."""
        parts: list[str] = []
        while self._place < len(self._text):
            sign = self._take()
            if sign == stop:
                return "".join(parts)
            if sign == "'":
                parts.append(self._single())
            elif sign == '"':
                parts.append(self._double())
            elif sign == "$":
                parts.append(self._dollar())
            elif sign == self._escape:
                parts.append(self._take())
            else:
                parts.append(sign)
        if stop:
            raise UnreadableWord(f"{self._text!r} has no {stop!r} where one must be")
        return "".join(parts)

    def _take(self) -> str:
        """Return the next character; "" at the end."""
        sign = self._text[self._place : self._place + 1]
        self._place += 1
        return sign

    def _next(self) -> str:
        return self._text[self._place : self._place + 1]

    def _single(self) -> str:
        end = self._text.find("'", self._place)
        if end < 0:
            raise UnreadableWord(f"{self._text!r} has a single quote that nothing closes")
        found = self._text[self._place : end]
        self._place = end + 1
        return found

    def _double(self) -> str:
        parts: list[str] = []
        while self._place < len(self._text):
            sign = self._take()
            if sign == '"':
                return "".join(parts)
            if sign == "$":
                parts.append(self._dollar())
            elif sign == self._escape and self._next() in ('"', "$", self._escape):
                parts.append(self._take())
            else:
                parts.append(sign)
        raise UnreadableWord(f"{self._text!r} has a double quote that nothing closes")

    def _dollar(self) -> str:
        if self._next() != "{":
            name = self._name()
            return self._variables.get(name, "") if name else "$"
        self._take()
        name = self._name()
        if not name:
            raise UnreadableWord(f"{self._text!r} has a ${{…}} without a name")
        sign = self._take()
        if sign == "}":
            return self._variables.get(name, "")
        also_empty = sign == ":"
        sign = self._take() if also_empty else sign
        if sign not in ("-", "+", "?"):
            raise UnreadableWord(
                f"{self._text!r} changes ${{{name}}} by {sign!r}; the process engine knows "
                f"${{{name}:-word}}, ${{{name}:+word}}, ${{{name}:?word}}, and each without colon"
            )
        word = self.up_to("}")
        value = self._variables.get(name)
        there = bool(value) if also_empty else value is not None
        if sign == "+":
            return word if there else ""
        if not there and sign == "?":
            raise UnreadableWord(f"{name} is not set: {word or 'it must be'}")
        return (value or "") if there else word

    def _name(self) -> str:
        if self._next() and self._next() in SPECIAL:
            return self._take()
        start = self._place
        while self._next() == "_" or (self._next().isascii() and self._next().isalnum()):
            self._place += 1
        return self._text[start : self._place]
