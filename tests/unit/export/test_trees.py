"""The graph of hand-made trees beside the rule that the libraries go by."""

from dataclasses import replace

import numpy as np
import onnx
import pytest

from modelwharf.export.graph import INPUT, Graph
from modelwharf.export.runtime import runner
from modelwharf.export.trees import Trees, add_trees

MOST32, LEAST32 = float(np.finfo(np.float32).max), float(np.finfo(np.float32).smallest_subnormal)
MOST64, LEAST64 = float(np.finfo(np.float64).max), float(np.finfo(np.float64).smallest_subnormal)
SIZES = [0.0, LEAST64, LEAST32 / 2, LEAST32, 0.1, 1.0, 2.0**24 + 1, MOST32, 2.0**128, MOST64]
NUMBERS = np.array([sign * size for sign in (-1, 1) for size in (*SIZES, np.inf)])


def neighbours(numbers: np.ndarray) -> np.ndarray:
    """They, what is halfway to their float32 neighbours, one step beside either; and NaN."""
    with np.errstate(over="ignore", under="ignore"):
        near = numbers.astype(np.float32)
        around = [near] + [np.nextafter(near, np.float32(side)) for side in (-np.inf, np.inf)]
        wide = np.concatenate([one.astype(np.float64) for one in around])
        found = np.concatenate([numbers, wide, (np.tile(near, 3).astype(np.float64) + wide) / 2])
        steps = [np.nextafter(found, side) for side in (-np.inf, np.inf)]
    return np.append(np.concatenate([found, *steps]), np.nan)


def stumps(threshold: np.ndarray, **how: bool) -> Trees:
    """A tree a threshold, each for an output of its own: 1 on the left, 2 on the right. Every
    second sends missing values left.
    """
    count = len(threshold)
    root = np.arange(count) * 3
    return Trees(
        feature=np.tile([0, -1, -1], count),
        threshold=np.column_stack([threshold, np.zeros((count, 2))]).ravel(),
        left=np.repeat(root + 1, 3),
        right=np.repeat(root + 2, 3),
        missing_left=np.tile([True, False, False, False, False, False], count // 2),
        value=np.tile([0.0, 1.0, 2.0], count),
        roots=root,
        target=np.arange(count),
        outputs=count,
        columns=1,
        **how,
    )


def goes_left(trees: Trees, rows: np.ndarray) -> np.ndarray:
    """Rows × trees, by the rule."""
    threshold = trees.threshold[trees.roots]
    with np.errstate(over="ignore", under="ignore"):
        asked = rows.astype(np.float32).astype(np.float64) if trees.single else rows
    below = asked < threshold if trees.strict else asked <= threshold
    return np.where(np.isnan(asked), trees.missing_left[trees.roots], below)


def steps(trees: Trees) -> list[onnx.NodeProto]:
    graph = Graph()
    add_trees(graph, INPUT, trees)
    return graph.nodes


def is_float32(numbers: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore", under="ignore"):
        same: np.ndarray = numbers.astype(np.float32).astype(np.float64) == numbers
    return same


@pytest.mark.parametrize(("single", "adds_single"), [(False, False), (True, False), (True, True)])
@pytest.mark.parametrize("strict", [False, True])
def test_rows_beside_extreme_thresholds_are_parted_as_by_the_rule(
    strict: bool, single: bool, adds_single: bool
) -> None:
    threshold = neighbours(NUMBERS)[:-1]
    if adds_single:
        threshold = threshold[is_float32(threshold)]
    # NaN: the middle of two infinities. Each with missing values left, and right.
    threshold = np.repeat(np.append(np.unique(threshold), np.nan), 2)
    trees = stumps(threshold, strict=strict, single=single, adds_single=adds_single)
    rows = neighbours(threshold).reshape(-1, 1)
    graph = Graph()
    answers = runner(graph.model(graph.float64(add_trees(graph, INPUT, trees)), 1))(rows)
    assert np.array_equal(answers, np.where(goes_left(trees, rows), 1, 2))


def test_no_split_sends_missing_values_to_its_true_side() -> None:
    nodes = steps(stumps(np.array([1.0, 1.0])))
    assert [node.op_type for node in nodes] == ["Neg", "Concat", "TreeEnsemble"]
    assert "nodes_missing_value_tracks_true" not in [one.name for one in nodes[-1].attribute]


def test_trees_whose_missing_values_go_right_ask_the_rows_as_they_are() -> None:
    trees = replace(stumps(np.array([1.0, 1.0])), missing_left=np.zeros(6, dtype=bool))
    assert [node.op_type for node in steps(trees)] == ["TreeEnsemble"]
