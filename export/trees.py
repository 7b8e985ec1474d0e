"""An ensemble of decision trees as arrays, whichever library grew it, and as ONNX.

skl2onnx and its kin write the classic tree operators, whose thresholds are float32: a row
between a threshold and its nearest float32 goes down the wrong branch. The operator
TreeEnsemble of ai.onnx.ml 5 holds float64 thresholds, and onnxruntime, on one thread, adds the
leaves in float64 in the order of the trees, as the libraries do (docs/decisions/0019).
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, numpy_helper

from export.graph import TREE_DOMAIN, Floats, Graph

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

LEAF = -1
AT_MOST, BELOW = 0, 1  # BRANCH_LEQ and BRANCH_LT of TreeEnsemble's nodes_modes
SUM = 1  # of TreeEnsemble's aggregate_function
UNCHANGED = 0  # of TreeEnsemble's post_transform


@dataclass(frozen=True)
class Trees:
    """Nodes of all trees, one after another; every index counts from the first tree's first node.

    A row goes left where its ``feature`` ≤ ``threshold`` (< if ``strict``), and where it is NaN
    and ``missing_left``. ``feature`` is LEAF at a leaf. ``value`` is what a leaf adds: one
    number, to the output that its tree's ``target`` names, or one for each output (nodes ×
    outputs). With ``single`` the library rounds a row to float32 before it compares; with
    ``adds_single`` it adds in float32 too (all values are float32 numbers then, and each leaf
    has one).
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
    strict: bool = False
    single: bool = False
    adds_single: bool = False

    @cached_property
    def is_leaf(self) -> Flags:
        leaf: Flags = self.feature == LEAF
        return leaf

    @property
    def ends(self) -> Integers:
        """For each tree, one past its last node."""
        return np.append(self.roots[1:], len(self.feature))

    def first_plus(self, base: Floats) -> "Trees":
        """The same trees with ``base`` (outputs) added to the leaves of each output's first.

        The libraries start from the base and add the trees to it; a sum that starts from zero
        with (base + first tree) rounds as theirs does.
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
        """The same trees as the usual converters write them; for the checks of the comparison."""
        return replace(self, threshold=self.threshold.astype(np.float32).astype(np.float64))


def join(grown: list[dict[str, Any]], **rest: Any) -> Trees:
    """One ensemble of trees whose children count from each tree's own first node."""
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
    """The sum over all trees (rows × outputs) of a float64 tensor of rows.

    It is float64, but float32 of trees with ``adds_single``.
    """
    if trees.adds_single:
        values = trees.value[trees.is_leaf]
        single = graph.float32(rows)
        return _ensemble(graph, single, trees, values, trees.target, trees.outputs, np.float32)
    if trees.single:
        rows = graph.rounded(rows)
    if trees.value.ndim == 1:
        return _ensemble(
            graph, rows, trees, trees.value[trees.is_leaf], trees.target, trees.outputs
        )
    # A leaf of TreeEnsemble adds to one output. So that a forest for ten classes is not walked
    # ten times, each tree answers the number of its leaf, and the leaves' values are looked up.
    # ReduceSum over the first axis adds row by row, in the order of the trees.
    count = len(trees.roots)
    numbers = np.arange(np.count_nonzero(trees.is_leaf), dtype=np.float64)
    leaves = _ensemble(graph, rows, trees, numbers, np.arange(count), count)
    chosen = graph.add("Cast", graph.add("Transpose", leaves, perm=[1, 0]), to=TensorProto.INT64)
    found = graph.add("Gather", graph.constant(trees.value[trees.is_leaf]), chosen, axis=0)
    return graph.add("ReduceSum", found, graph.constant([0], np.int64), keepdims=0)


def _ensemble(
    graph: Graph,
    rows: str,
    trees: Trees,
    weights: Floats,
    target: Integers,
    outputs: int,
    kind: type[np.floating[Any]] = np.float64,
) -> str:
    leaf = trees.is_leaf
    lone = trees.roots[leaf[trees.roots]]
    splits = np.flatnonzero(~leaf)
    # A tree that is one leaf needs a node too: both its ways lead to the leaf.
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

    true_nodes, true_leafs = children(trees.left)
    false_nodes, false_leafs = children(trees.right)
    tree_of_leaf = np.searchsorted(trees.roots, np.flatnonzero(leaf), side="right") - 1
    mode = BELOW if trees.strict else AT_MOST
    return graph.add(
        "TreeEnsemble",
        rows,
        domain=TREE_DOMAIN,
        n_targets=int(outputs),
        aggregate_function=SUM,
        post_transform=UNCHANGED,
        tree_roots=number[trees.roots].tolist(),
        nodes_featureids=np.where(alone, 0, trees.feature[nodes]).tolist(),
        nodes_splits=numpy_helper.from_array(
            np.where(alone, 0.0, trees.threshold[nodes]).astype(kind)
        ),
        nodes_modes=numpy_helper.from_array(np.full(len(nodes), mode, dtype=np.uint8)),
        nodes_truenodeids=true_nodes,
        nodes_trueleafs=true_leafs,
        nodes_falsenodeids=false_nodes,
        nodes_falseleafs=false_leafs,
        nodes_missing_value_tracks_true=trees.missing_left[nodes].astype(int).tolist(),
        leaf_targetids=target[tree_of_leaf].tolist(),
        leaf_weights=numpy_helper.from_array(weights.astype(kind)),
    )
