"""The metrics that SageMaker's metric definitions read out of a training log.

The doctor and the laptop's training jobs share this code.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# The rest of a number after an expression matched its beginning: 7.5e-05, 1,234.5.
GOES_ON = re.compile(r"[0-9.]*[eE][-+]?[0-9]+|,[0-9]{3}[0-9,.]*|[0-9.]*[0-9]")


@dataclass(frozen=True)
class LogFigure:
    """``printed`` is the whole number if the expression matched only its beginning, else ""."""

    value: float
    printed: str = ""


def figures_in(expression: str, line: str) -> Iterator[LogFigure]:
    """Every value that the expression finds in the line, as SageMaker reads it.

    SageMaker drops a value that is not a number, without a message.
    """
    for match in re.finditer(expression, line):
        try:
            value = float(match[1])
        except (IndexError, TypeError, ValueError):
            continue
        # An expression that continues after its group defines what follows the number.
        more = GOES_ON.match(line, match.end(1)) if match.end() == match.end(1) else None
        yield LogFigure(value, f"{match[1]}{more[0]}" if more else "")


def advice(expression: str) -> str:
    """An expression's remedy, for people."""
    return f"let the group of {expression!r} take the whole number: ([-+0-9.eE]+)"
