"""An ensemble of decision trees from any library, as arrays and as ONNX.

skl2onnx and similar converters write the classic tree operators, whose thresholds are float32: a
row between a threshold and its nearest float32 goes down the wrong branch. The operator
TreeEnsemble of ai.onnx.ml 5 holds float64 thresholds. On one thread, onnxruntime adds the leaves in
float64 in the order of the trees, as the libraries do (docs/decisions/0019).

onnxruntime keeps a split's false branch next to it in memory, sends missing values there, and is
fastest where no split sends them to the true branch. The false branch of our splits is therefore
always the side of missing values, which usually is the side of most rows. Where that is the left
side, the split uses the negated column: not(x ≤ 2) is -x ≤ -(2 and a step).
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, numpy_helper

from modelwharf.export.graph import TREE_DOMAIN, Floats, Graph

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

LEAF = -1
AT_MOST = 0  # BRANCH_LEQ of TreeEnsemble's nodes_modes
AVERAGE, SUM = 0, 1  # of TreeEnsemble's aggregate_function
UNCHANGED = 0  # of TreeEnsemble's post_transform
BEYOND_FLOAT32 = 2.0**128  # the number after float32's largest, for rounding


@dataclass(frozen=True)
class Trees:
    """The nodes of all trees, one after another; indices count from the first tree's first node.

    A row of ``columns`` goes left where its ``feature`` ≤ ``threshold`` (< if ``strict``), and
    where it is NaN and ``missing_left``. ``feature`` is LEAF at a leaf. ``value`` is what a leaf
    adds: one number, to the output in its tree's ``target``, or one number for each output (nodes ×
    outputs). With ``single`` the library rounds a row to float32 before it compares; with
    ``adds_single`` it also adds in float32 (all values are then float32 numbers, and each leaf has
    one). ``averaged``: each output's sum is divided by the number of trees that add to it.
    """

    feature: Integers
    threshold: Floats
    left: Integers
    right: Integers
    missing_left: Flags
    value: Floats
    roots: Integers
    target: Integers
    outputs: int
    columns: int
    strict: bool = False
    single: bool = False
    adds_single: bool = False
    averaged: bool = False

    @cached_property
    def is_leaf(self) -> Flags:
        leaf: Flags = self.feature == LEAF
        return leaf

    @property
    def ends(self) -> Integers:
        """For each tree, the index after its last node."""
        return np.append(self.roots[1:], len(self.feature))

    def bounds(self, nodes: slice | Integers) -> tuple[Floats, Floats]:
        """Return, for each node, the largest number that goes left and the smallest that goes
        right.

        These are numbers that the library compares: float32 with ``single``. Both are the same
        infinity where no number goes to one of the sides. No number goes left of NaN, which
        scikit-learn computes for the middle of two infinities.
        """
        threshold = self.threshold[nodes]
        near, below, after = neighbours(threshold, np.float32 if self.single else np.float64)
        goes_left = near < threshold if self.strict else near <= threshold
        left, right = np.where(goes_left, near, below), np.where(goes_left, after, near)
        never = np.isnan(threshold)
        return np.where(never, -np.inf, left), np.where(never, -np.inf, right)

    def graph_bounds(self, nodes: slice | Integers) -> tuple[Floats, Floats]:
        """Return the same for the numbers that the graph compares.

        These are float64 even with ``single``: the graph does not round a row, but splits it where
        the rounded row would be split.
        """
        left, right = self.bounds(nodes)
        if not self.single or self.adds_single:
            return left, right
        same = left == right
        last = _last_rounded_to(left, right)
        return np.where(same, left, last), np.where(same, right, np.nextafter(last, np.inf))

    def first_plus(self, base: Floats) -> "Trees":
        """Return the same trees with ``base`` (outputs) added to the leaves of each output's first
        tree.

        The libraries start from the base and add the trees; a sum that starts from zero with (base
        + first tree) rounds as theirs does.
        """
        value = self.value.copy()
        for output in range(self.outputs):
            tree = int(np.flatnonzero(self.target == output)[0])
            nodes = slice(self.roots[tree], self.ends[tree])
            value[nodes] = base[output] + value[nodes]
        if self.adds_single:
            value = value.astype(np.float32).astype(np.float64)
        return replace(self, value=value)

    def of_float32_thresholds(self) -> "Trees":
        """Return the same trees as common converters write them, to test the comparison."""
        return replace(self, threshold=self.threshold.astype(np.float32).astype(np.float64))


def neighbours(numbers: Floats, kind: type[np.floating[Any]]) -> tuple[Floats, Floats, Floats]:
    """Return the nearest numbers of that type, those before them and those after them."""
    with np.errstate(over="ignore", under="ignore"):
        near = numbers.astype(kind)
        before = np.nextafter(near, kind(-np.inf))
        after = np.nextafter(near, kind(np.inf))
    return near.astype(np.float64), before.astype(np.float64), after.astype(np.float64)


def _last_rounded_to(low: Floats, high: Floats) -> Floats:
    """Return the largest float64 that rounds to the float32 ``low`` and not to the next one,
    ``high``.
    """
    edge = BEYOND_FLOAT32
    middle = (np.clip(low, -edge, edge) + np.clip(high, -edge, edge)) / 2  # exact in float64
    takes_middle = low.astype(np.float32).view(np.uint32) % 2 == 0  # a tie rounds to even
    return np.where(takes_middle, middle, np.nextafter(middle, -np.inf))


def join(grown: list[dict[str, Any]], **rest: Any) -> Trees:
    """Join trees into one ensemble; each tree's children count from its own first node."""
    sizes = [len(tree["leaf"]) for tree in grown]
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    offset = np.repeat(roots, sizes)
    leaf = np.concatenate([tree["leaf"] for tree in grown])

    def joined(name: str) -> Any:
        return np.concatenate([tree[name] for tree in grown])

    return Trees(
        feature=np.where(leaf, LEAF, joined("feature")).astype(np.int64),
        threshold=joined("threshold").astype(np.float64),
        left=joined("left").astype(np.int64) + offset,
        right=joined("right").astype(np.int64) + offset,
        missing_left=joined("missing_left").astype(bool),
        roots=roots,
        **rest,
    )


def add_trees(graph: Graph, rows: str, trees: Trees) -> str:
    """Add the trees' result (rows × outputs) for a float64 tensor of rows: their sum or mean.

    It is float64, or float32 for trees with ``adds_single``.
    """
    count = len(trees.roots)
    if trees.adds_single:
        rows = graph.float32(rows)
    if trees.value.ndim == 1:
        values = trees.value[trees.is_leaf]
        if trees.averaged and trees.outputs == 1:
            return _ensemble(graph, rows, trees, values, trees.target, 1, AVERAGE)
        sums = _ensemble(graph, rows, trees, values, trees.target, trees.outputs)
        return _mean(graph, sums, count // trees.outputs) if trees.averaged else sums
    # A leaf of TreeEnsemble adds to one output. To avoid ten passes over a forest of ten classes,
    # each tree answers its leaf's number, and the leaves' values are looked up. ReduceSum over the
    # first axis adds row by row, in the order of the trees.
    numbers = np.arange(np.count_nonzero(trees.is_leaf), dtype=np.float64)
    leaves = _ensemble(graph, rows, trees, numbers, np.arange(count), count)
    chosen = graph.add("Cast", graph.add("Transpose", leaves, perm=[1, 0]), to=TensorProto.INT64)
    found = graph.add("Gather", graph.constant(trees.value[trees.is_leaf]), chosen, axis=0)
    sums = graph.add("ReduceSum", found, graph.constant([0], np.int64), keepdims=0)
    return _mean(graph, sums, count) if trees.averaged else sums


def _mean(graph: Graph, sums: str, count: int) -> str:
    return graph.add("Div", sums, graph.constant(float(count)))


def _ensemble(
    graph: Graph,
    rows: str,
    trees: Trees,
    weights: Floats,
    target: Integers,
    outputs: int,
    aggregate: int = SUM,
) -> str:
    kind = np.float32 if trees.adds_single else np.float64
    rows, feature, most, true, false = _splits(graph, rows, trees)
    leaf = trees.is_leaf
    lone = trees.roots[leaf[trees.roots]]
    splits = np.flatnonzero(~leaf)
    # A tree of one leaf needs a node too: both branches lead to the leaf.
    nodes = np.sort(np.concatenate([splits, lone]))
    number = np.full(len(leaf), LEAF)
    number[nodes] = np.arange(len(nodes))
    leaf_number = np.cumsum(leaf) - 1
    alone = leaf[nodes]

    def children(of: Integers) -> tuple[list[int], list[int]]:
        child = np.where(alone, nodes, of[nodes])
        is_leaf = leaf[child]
        which = np.where(is_leaf, leaf_number[child], number[child])
        return which.tolist(), is_leaf.astype(int).tolist()

    true_nodes, true_leafs = children(true)
    false_nodes, false_leafs = children(false)
    tree_of_leaf = np.searchsorted(trees.roots, np.flatnonzero(leaf), side="right") - 1
    return graph.add(
        "TreeEnsemble",
        rows,
        domain=TREE_DOMAIN,
        n_targets=int(outputs),
        aggregate_function=aggregate,
        post_transform=UNCHANGED,
        tree_roots=number[trees.roots].tolist(),
        nodes_featureids=np.where(alone, 0, feature[nodes]).tolist(),
        nodes_splits=numpy_helper.from_array(np.where(alone, 0.0, most[nodes]).astype(kind)),
        nodes_modes=numpy_helper.from_array(np.full(len(nodes), AT_MOST, dtype=np.uint8)),
        nodes_truenodeids=true_nodes,
        nodes_trueleafs=true_leafs,
        nodes_falsenodeids=false_nodes,
        nodes_falseleafs=false_leafs,
        leaf_targetids=target[tree_of_leaf].tolist(),
        leaf_weights=numpy_helper.from_array(weights.astype(kind)),
    )


def _splits(
    graph: Graph, rows: str, trees: Trees
) -> tuple[str, Integers, Floats, Integers, Integers]:
    """Return the splits with missing values on their false side, and the rows that they use.

    For each node: its column of those rows, the largest number that is true, and both children.
    """
    left, right = trees.graph_bounds(slice(None))
    same = left == right  # an infinity: nothing is at most NaN
    left = np.where(same & (left < 0), np.nan, left)
    right = np.where(same & (right > 0), np.nan, right)
    turned = trees.missing_left & ~trees.is_leaf
    feature, most = trees.feature, np.where(turned, -right, left)
    if turned.any():
        negated = graph.add("Neg", rows)
        rows = graph.add("Concat", rows, negated, axis=1)
        feature = np.where(turned, feature + trees.columns, feature)
    return (
        rows,
        feature,
        most,
        np.where(turned, trees.right, trees.left),
        np.where(turned, trees.left, trees.right),
    )
