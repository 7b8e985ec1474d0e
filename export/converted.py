"""What a library's converter hands over: the graph, and what it must be compared with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy.typing as npt
import onnx

from contracts.table import Label
from export.runtime import Predict
from export.trees import Trees

Method = Literal["predict", "predict_proba", "decision_function"]


@dataclass(frozen=True)
class Source:
    """The trained model's own answers: indices into ``labels`` where there are any."""

    predict: Predict
    outputs: tuple[str, ...]
    labels: tuple[Label, ...] = ()


@dataclass(frozen=True)
class Converted:
    """A graph, and how near it should come by itself.

    ``exactness``: ``bits`` for comparisons and sums in the library's own order, ``float64``
    for float64 arithmetic in another order or with another exponential, ``float32`` where the
    library computes in float32 itself.
    """

    proto: onnx.ModelProto
    exactness: Literal["bits", "float64", "float32"]
    trees: Trees | None = None
    """Their features are the graph's columns: rows are made beside every threshold."""
    dtype: Literal["float64", "float32"] = "float64"
    parts: Sequence["Part"] = field(default=())


@dataclass(frozen=True)
class Part:
    """A step of trees behind other steps: compared by itself at its own thresholds."""

    name: str
    converted: Converted
    predict: Predict
    before: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]
    """The steps before it: the model's columns → the step's."""
