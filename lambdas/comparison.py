"""Compare two JSON values: numbers within a tolerance, everything else exactly."""

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Tolerance:
    """The allowed distance from an expected number: ``absolute`` + ``relative`` × |expected|."""

    absolute: float
    relative: float = 0.0

    def around(self, expected: float) -> float:
        return self.absolute + self.relative * abs(expected)


class Difference(Exception):
    """The values differ; the message says where, and what was expected."""


def largest_difference(expected: Any, answer: Any, tolerance: Tolerance, path: str = "") -> float:
    """Return the largest absolute difference between two numbers. Raises Difference.

    Keys that only the answer has do not count. NaN differs from everything, null from everything
    but null. A boolean equals the number that Python takes it for: a label may be ``true`` in the
    trained model's output and ``1`` in the server's.
    """
    if _is_number(expected) and _is_number(answer):
        return _number_difference(float(expected), float(answer), tolerance, path)
    if isinstance(expected, dict) and isinstance(answer, dict):
        missing = sorted(expected.keys() - answer.keys())
        if missing:
            raise Difference(f"{path or 'the answer'} lacks {', '.join(missing)}")
        pairs = [(expected[key], answer[key], _below(path, key)) for key in expected]
    elif isinstance(expected, list) and isinstance(answer, list):
        if len(expected) != len(answer):
            raise Difference(f"{path or 'the answer'} has {len(answer)} items, not {len(expected)}")
        pairs = [
            (a, b, f"{path}[{i}]") for i, (a, b) in enumerate(zip(expected, answer, strict=True))
        ]
    elif _comparable(expected, answer) and expected == answer:
        return 0.0
    else:
        raise Difference(f"{path or 'the answer'} is {answer!r:.200}, not {expected!r:.200}")
    return max((largest_difference(a, b, tolerance, at) for a, b, at in pairs), default=0.0)


def _comparable(expected: Any, answer: Any) -> bool:
    """Whether Python's == compares them as JSON does; a boolean and a number may be compared."""
    if isinstance(expected, int | float) and isinstance(answer, int | float):
        return True
    return type(expected) is type(answer)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number_difference(expected: float, answer: float, tolerance: Tolerance, path: str) -> float:
    difference, allowed = abs(expected - answer), tolerance.around(expected)
    if math.isnan(difference) or difference > allowed:
        raise Difference(
            f"{path or 'the answer'} is {answer!r}, not {expected!r} "
            f"(difference {difference:.3g}, tolerance {allowed:.3g})"
        )
    return difference


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
