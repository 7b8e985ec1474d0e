"""The JSONPath of DataProcessing: the subset that SageMaker's developer guide lists.

"Associate Prediction Results with Input Records": ``$``, ``.name``, ``*``, ``['a','b']``,
``[1,3]`` with negative indexes, and ``[2:5]``. A slice includes its end there: "``$[1:4]``
specifies the second through fifth columns". "If you specify indexes that aren't within the
dimension size of the joined dataset, you get an error" (DataProcessing).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

ROOT = "$"
ALLOWED = "$, .name, *, ['name','name'], [0,-1], [1:4]"

_NAMES = r"\s*'[^']*'\s*(?:,\s*'[^']*'\s*)*"
_NUMBERS = r"\s*-?\d+\s*(?:,\s*-?\d+\s*)*"
_STEP = re.compile(
    rf"\.?\[(?:(?P<names>{_NAMES})|(?P<numbers>{_NUMBERS})|"
    r"\s*(?P<start>-?\d+)?\s*:\s*(?P<end>-?\d+)?\s*|\s*(?P<all>\*)\s*)\]"
    r"|\.(?P<wild>\*)|\.(?P<name>[^.\[\]*'\s,]+)"
)

Step = Callable[[Any], Any]


class PathError(ValueError):
    """The path is outside the subset, or a record does not have it."""


@dataclass(frozen=True)
class JsonPath:
    """A parsed path. Each step is a function, and whether it selects several values."""

    text: str
    steps: tuple[tuple[Step, bool], ...]

    @classmethod
    def parse(cls, text: str) -> "JsonPath":
        """Parse a path. Raises PathError."""
        if not text.startswith(ROOT):
            raise PathError(f"{text!r} does not begin with $; allowed: {ALLOWED}")
        position = 1
        steps = []
        while position < len(text):
            match = _STEP.match(text, position)
            if match is None:
                raise PathError(
                    f"{text!r} cannot be read from character {position + 1}; allowed: {ALLOWED}"
                )
            steps.append(_step(match))
            position = match.end()
        return cls(text, tuple(steps))

    @property
    def is_root(self) -> bool:
        return not self.steps

    def select(self, value: Any) -> Any:
        """Select the part of ``value`` that the path names. Raises PathError."""
        many = False
        for step, selects_many in self.steps:
            if many and isinstance(value, list):
                value = [step(one) for one in value]
            else:
                value = step(value)
            many = many or selects_many
        return value


def _step(match: re.Match[str]) -> tuple[Step, bool]:
    if match["name"] is not None:
        return _child(match["name"]), False
    if match["names"] is not None:
        names = re.findall(r"'([^']*)'", match["names"])
        return (_child(names[0]), False) if len(names) == 1 else (_children(names), False)
    if match["numbers"] is not None:
        indexes = [int(number) for number in match["numbers"].split(",")]
        return (_item(indexes[0]), False) if len(indexes) == 1 else (_items(indexes), True)
    if match["all"] or match["wild"]:
        return _everything, True
    return _slice(match["start"], match["end"]), True


def _child(name: str) -> Step:
    def step(value: Any) -> Any:
        if not isinstance(value, dict) or name not in value:
            raise PathError(f"the record has no attribute {name!r}")
        return value[name]

    return step


def _children(names: list[str]) -> Step:
    return lambda value: {name: _child(name)(value) for name in names}


def _item(index: int) -> Step:
    def step(value: Any) -> Any:
        return _list(value)[_within(value, index)]

    return step


def _items(indexes: list[int]) -> Step:
    return lambda value: [_item(index)(value) for index in indexes]


def _everything(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else list(_list(value))


def _slice(start: str | None, end: str | None) -> Step:
    def step(value: Any) -> Any:
        first = _within(value, int(start)) if start is not None else 0
        last = _within(value, int(end)) if end is not None else len(_list(value)) - 1
        return value[first : last + 1]

    return step


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise PathError("an index is applied to what is not a list")
    return value


def _within(value: Any, index: int) -> int:
    size = len(_list(value))
    place = index + size if index < 0 else index
    if not 0 <= place < size:
        raise PathError(f"index {index} is out of range: the record has {size} columns")
    return place
