"""The names of a model's outputs."""

from collections.abc import Sequence
from typing import Any

from modelwharf.export.converted import Method


def output_names(method: Method, width: int, classes: Sequence[Any] = ()) -> tuple[str, ...]:
    """Return one name per column: the classes where there are any, otherwise numbers."""
    if width == 1:
        return ("decision" if method == "decision_function" else "prediction",)
    if len(classes) == width:
        return tuple(str(one) for one in classes)
    return tuple(f"{'class' if method != 'predict' else 'prediction'}_{n}" for n in range(width))
