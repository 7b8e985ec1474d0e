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
    framed: Callable[[npt.NDArray[Any]], Any] = lambda rows: rows
    """Rows as the model was given them: a data frame, where it learned from one."""


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
    before: Callable[[Any], Any] | None = None
    """The steps before it: the model's columns → the step's; None: they are the model's."""


def behind_scores(
    proto: onnx.ModelProto,
    exactness: Literal["bits", "float64", "float32"],
    scores: Converted,
    predict: Predict,
) -> Converted:
    """A graph that makes its answers of trees' sums, which are compared by themselves.

    A wrong branch may vanish in a label or in a rounded probability; in the sum it cannot.
    """
    part = Part("sum of the trees", scores, predict)
    return Converted(proto, exactness, parts=(part,))
