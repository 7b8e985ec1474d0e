"""A converter's result: the graph, and the data to compare it with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy.typing as npt
import onnx

from modelwharf.artifact.table import Label
from modelwharf.export.runtime import Predict
from modelwharf.export.trees import Trees

Method = Literal["predict", "predict_proba", "decision_function"]


@dataclass(frozen=True)
class Source:
    """The trained model's own answers: indices into ``labels`` where the model has labels."""

    predict: Predict
    outputs: tuple[str, ...]
    labels: tuple[Label, ...] = ()
    framed: Callable[[npt.NDArray[Any]], Any] = lambda rows: rows
    """Converts rows to the model's own input: a data frame, if it was trained on one."""


@dataclass(frozen=True)
class Converted:
    """A graph, and how exact it should be by default.

    ``exactness``: ``bits`` for comparisons and sums in the library's own order, ``float64`` for
    float64 arithmetic in another order or with another exponential, ``float32`` where the library
    itself computes in float32.
    """

    proto: onnx.ModelProto
    exactness: Literal["bits", "float64", "float32"]
    trees: Trees | None = None
    """The trees, if their features are the graph's columns. Every threshold gets rows near it."""
    dtype: Literal["float64", "float32"] = "float64"
    parts: Sequence["Part"] = field(default=())


@dataclass(frozen=True)
class Part:
    """A step of trees after other steps. It is compared separately, at its own thresholds."""

    name: str
    converted: Converted
    predict: Predict
    before: Callable[[Any], Any] | None = None
    """The steps before it: the model's columns → the step's; None: there are none."""


def behind_scores(
    proto: onnx.ModelProto,
    exactness: Literal["bits", "float64", "float32"],
    scores: Converted,
    predict: Predict,
) -> Converted:
    """Return a graph that computes its answers from the trees' sums, which are compared separately.

    A wrong branch may vanish in a label or in a rounded probability, but not in the sum.
    """
    part = Part("sum of the trees", scores, predict)
    return Converted(proto, exactness, parts=(part,))
