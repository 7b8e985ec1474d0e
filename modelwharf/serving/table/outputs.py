"""The names of a model's outputs and, for a classifier, its labels."""

from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from modelwharf.artifact.table import Label

NUMPY = orjson.OPT_SERIALIZE_NUMPY


class Outputs:
    """The names of the output columns. ``labels``: for predictions that are indices of them."""

    def __init__(self, names: tuple[str, ...], labels: tuple[Label, ...]) -> None:
        self.names = names
        self.labels = _array(labels) if labels else None

    @property
    def are_text(self) -> bool:
        """Whether predictions are strings, which no array of numbers can hold."""
        return self.labels is not None and self.labels.dtype == object

    def values(self, predicted: NDArray[Any]) -> NDArray[Any]:
        """Return numbers unchanged, and labels for their indices."""
        return predicted if self.labels is None else self.labels[predicted]

    def columns(self, predicted: NDArray[Any]) -> list[NDArray[Any]]:
        """Return the predicted values, one array per output."""
        values = self.values(predicted)
        return [values] if values.ndim == 1 else list(values.T)

    def json(self, predicted: NDArray[Any]) -> bytes:
        """Return a JSON list with one element per row: a number or a label, or a list of several
        outputs.

        Each number is the shortest text that reads as the same float64. JSON has no NaN and no
        infinity; both become null.
        """
        values = self.values(predicted)
        if values.dtype == object:
            return orjson.dumps(values.tolist())
        return orjson.dumps(values, option=NUMPY)


def _array(labels: tuple[Label, ...]) -> NDArray[Any]:
    truths = [isinstance(label, bool) for label in labels]
    if all(truths):
        return np.array(labels, dtype=np.bool_)
    if not any(truths) and all(isinstance(label, int) for label in labels):
        return np.array(labels, dtype=np.int64)
    if not any(truths) and not any(isinstance(label, str) for label in labels):
        return np.array(labels, dtype=np.float64)
    mixed = np.empty(len(labels), dtype=object)
    mixed[:] = labels
    return mixed
