"""LightGBM: comparisons and sums in float64, in LightGBM's own order.

Source of the rules: LightGBM's ``include/LightGBM/tree.h`` (NumericalDecision) and
``src/c_api.cpp`` (a dense row's values within ± kZeroThreshold are read as 0).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from modelwharf.export.boosters import source_of_booster
from modelwharf.export.converted import Converted, Method, Source, behind_scores
from modelwharf.export.errors import no_conversion
from modelwharf.export.graph import INPUT, Floats, Graph
from modelwharf.export.trees import LEAF, Trees, add_trees, join

ZERO = float(np.float32(1e-35))  # kZeroThreshold
CATEGORICAL, DEFAULT_LEFT = 1, 2  # bits of decision_type; the next two are the missing type
NO_MISSING, ZERO_MISSING, NAN_MISSING = 0, 1, 2
LOGARITHMIC = ("poisson", "gamma", "tweedie")
UNCHANGED = (
    "regression",
    "regression_l1",
    "huber",
    "fair",
    "quantile",
    "mape",
    "lambdarank",
    "rank_xendcg",
    "custom",
    "",
)


@dataclass(frozen=True)
class Text:
    """A model file: its header, and one dictionary of fields per tree."""

    head: dict[str, str]
    trees: list[dict[str, str]]

    def number(self, name: str) -> int:
        return int(self.head[name])


def ask(model: Any, method: Method) -> Source:
    """Return the source of a Booster's own answers."""
    return source_of_booster(
        method, lambda rows, raw: model.predict(rows, raw_score=raw), model.num_feature()
    )


def convert(model: Any, method: Method, columns: int) -> Converted:
    """Convert a Booster or a scikit-learn wrapper to a graph. Raises CannotExport."""
    booster = getattr(model, "booster_", model)
    text = read(booster.model_to_string())
    trees, zeros = trees_of(text)
    graph = Graph()
    raw = _sums(graph, text, trees, zeros, columns)
    if method == "decision_function":
        return Converted(graph.model(raw, columns), "bits", trees)
    answers = _transformed(graph, raw, text)
    if not hasattr(model, "classes_"):
        proto = graph.model(answers, columns)
        if _objective(text)[0] in UNCHANGED:
            return Converted(proto, "bits", trees)
    else:
        if trees.outputs == 1:
            answers = graph.two_classes(answers)
        index = method == "predict"
        proto = graph.model(graph.largest(answers) if index else answers, columns, index=index)
    scores = Graph()
    sums = scores.model(_sums(scores, text, trees, zeros, columns), columns)
    trained = ask(booster, "decision_function").predict
    return behind_scores(proto, "float64", Converted(sums, "bits", trees), trained)


def _sums(graph: Graph, text: Text, trees: Trees, zeros: list[int], columns: int) -> str:
    rows = _without_zeros(graph, INPUT, zeros, columns) if zeros else INPUT
    return add_trees(graph, rows, trees)


def read(text: str) -> Text:
    body = text.partition("\nend of trees")[0]
    head, *trees = body.split("\nTree=")
    return Text(_words(head), [_words(tree) for tree in trees])


def _words(text: str) -> dict[str, str]:
    found = {}
    for line in text.splitlines():
        name, _, value = line.partition("=")
        found[name.strip()] = value.strip()
    return found


def trees_of(text: Text) -> tuple[Trees, list[int]]:
    """Return the ensemble, and the columns whose zeros are missing values."""
    grown, values = [], []
    zeros: set[int] = set()
    others: set[int] = set()
    if not text.trees:
        raise no_conversion("this LightGBM model", "it has no trees")
    for tree in text.trees:
        if tree.get("is_linear", "0") == "1":
            raise no_conversion("LightGBM's linear_tree=True", "its leaves hold linear models")
        one, value, kinds = _tree(tree)
        grown.append(one)
        values.append(value)
        split = one["feature"][~one["leaf"]]
        zeros.update(split[kinds == ZERO_MISSING].tolist())
        others.update(split[kinds != ZERO_MISSING].tolist())
    if zeros & others:
        raise no_conversion(
            "this LightGBM model",
            f"zeros of column {min(zeros & others)} are missing in some trees and not in others",
        )
    outputs = text.number("num_tree_per_iteration")
    trees = join(
        grown,
        value=np.concatenate(values),
        target=np.arange(len(grown)) % outputs,
        outputs=outputs,
        columns=text.number("max_feature_idx") + 1,
        averaged="average_output" in text.head,
    )
    return trees, sorted(zeros)


def _tree(tree: dict[str, str]) -> tuple[dict[str, Any], Floats, Any]:
    """Read one tree: splits first, then leaves. A child below 0 is the leaf ``~child``."""
    leaves = np.array(tree["leaf_value"].split(), dtype=np.float64)
    splits = int(tree["num_leaves"]) - 1

    def of_splits(name: str, kind: type) -> Any:
        return np.array(tree.get(name, "").split() if splits else [], dtype=kind)

    decision = of_splits("decision_type", np.int64)
    feature = of_splits("split_feature", np.int64)
    if (decision & CATEGORICAL).any():
        column = int(feature[np.flatnonzero(decision & CATEGORICAL)[0]])
        raise no_conversion("this LightGBM model", f"column {column} is split by category")
    threshold = of_splits("threshold", np.float64)
    kinds = decision >> 2
    nothing = np.zeros(len(leaves))
    missing_left = np.where(
        kinds == NO_MISSING, threshold >= 0, (decision & DEFAULT_LEFT).astype(bool)
    )
    one = {
        "leaf": np.concatenate([np.zeros(splits, bool), np.ones(len(leaves), bool)]),
        "feature": np.concatenate([feature, nothing + LEAF]).astype(np.int64),
        "threshold": np.concatenate([_around_zero(threshold), nothing]),
        "missing_left": np.concatenate([missing_left, nothing]).astype(bool),
    }
    for side, name in (("left", "left_child"), ("right", "right_child")):
        child = of_splits(name, np.int64)
        child = np.where(child < 0, splits + ~child, child)
        one[side] = np.concatenate([child, nothing]).astype(np.int64)
    return one, np.concatenate([np.zeros(splits), leaves]), kinds


def _around_zero(threshold: Floats) -> Floats:
    """Return thresholds that split rows as if values within ± ZERO were read as 0."""
    moved = np.where((threshold >= 0) & (threshold < ZERO), ZERO, threshold)
    below = np.nextafter(-ZERO, -np.inf)
    return np.where((threshold < 0) & (threshold >= -ZERO), below, moved)


def _without_zeros(graph: Graph, rows: str, zeros: list[int], columns: int) -> str:
    chosen = np.zeros((1, columns), dtype=bool)
    chosen[0, zeros] = True
    near = graph.add("LessOrEqual", graph.add("Abs", rows), graph.constant(ZERO))
    missing = graph.add("And", near, graph.constant(chosen, np.bool_))
    return graph.add("Where", missing, graph.constant(np.nan), rows)


def _objective(text: Text) -> tuple[str, dict[str, str], tuple[str, ...]]:
    """Return the objective's name, parameters and flags, as in ``binary sigmoid:1``."""
    name, *rest = (text.head.get("objective", "") or " ").split(" ")
    parameters = dict(one.split(":", 1) for one in rest if ":" in one)
    return name, parameters, tuple(one for one in rest if ":" not in one)


def _transformed(graph: Graph, raw: str, text: Text) -> str:
    name, parameters, flags = _objective(text)
    if name in ("binary", "multiclassova", "cross_entropy"):
        scale = float(parameters.get("sigmoid", "1"))
        if scale != 1.0:
            raw = graph.add("Mul", raw, graph.constant(scale))
        return graph.add("Sigmoid", raw)
    if name == "multiclass":
        return graph.add("Softmax", raw, axis=1)
    if name in LOGARITHMIC:
        return graph.add("Exp", raw)
    if name == "regression" and "sqrt" in flags:
        return graph.add("Mul", raw, graph.add("Abs", raw))
    if name == "cross_entropy_lambda":
        return graph.add("Softplus", raw)
    if name in UNCHANGED:
        return raw
    raise no_conversion(f"LightGBM's objective {name!r}", "its output is not known here")
