"""Rows that a wrong conversion would send down another branch.

For every split of every tree: a row that reaches it, whose feature lies on the threshold, one
float64 step to either side, on the nearest float32 and one float32 step to either side of that, on
either side of where the graph parts rows, and missing. A graph with rounded thresholds cannot
answer all of them as the model does.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from export.graph import Floats
from export.trees import Flags, Integers, Trees, neighbours

WIDER = 1.5  # times a column's range, for random rows
FAR = 100  # times the range: some random values lie outside all that was seen
FAR_SHARE = 0.02
VARIANTS = 9  # rows beside a threshold
MISSING_SHARE = 0.1


@dataclass(frozen=True)
class Batch:
    """Rows (rows × columns), and the column and threshold that each lies beside; -1: nothing."""

    rows: Floats
    column: Integers
    threshold: Floats


def beside_nothing(rows: Floats) -> Batch:
    return Batch(rows, np.full(len(rows), -1), np.full(len(rows), np.nan))


def random_rows(
    base: Floats,
    count: int,
    missing: Flags,
    random: np.random.Generator,
    largest: float | Floats | None = None,
    infinite: Flags | None = None,
) -> Batch:
    """Rows drawn around those of ``base``; a third with missing values where ``missing`` allows.

    No number drawn is above ``largest`` in size, of all columns or of each, which is what the
    model takes; another third has infinities where ``infinite`` allows.
    """
    known = np.where(np.isfinite(base), base, 0.0)
    low, high = known.min(axis=0), known.max(axis=0)
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, 1e-3)
    rows = middle + half * WIDER * random.uniform(-1, 1, (count, base.shape[1]))
    mixed = random.random(count) < 0.5  # values that were seen, but not together
    rows[mixed] = random.permuted(base[random.integers(len(base), size=int(mixed.sum()))], axis=0)
    far = random.random(rows.shape) < FAR_SHARE
    with np.errstate(over="ignore"):
        rows[far] *= FAR
    if largest is not None:
        rows = np.clip(rows, -largest, largest)
    if infinite is not None and infinite.any():
        endless = (random.random(rows.shape) < MISSING_SHARE) & infinite
        endless &= random.random((count, 1)) < 1 / 3
        rows[endless] = random.choice([-np.inf, np.inf], int(endless.sum()))
    if missing.any():
        holed = (random.random(rows.shape) < MISSING_SHARE) & missing
        rows[holed & (random.random((count, 1)) < 1 / 3)] = np.nan
    return beside_nothing(rows.astype(base.dtype, copy=False))


def beside_thresholds(
    trees: Trees, base: Floats, limit: int, missing: Flags, random: np.random.Generator
) -> Iterator[Batch]:
    """Rows beside the thresholds, a batch a tree, about ``limit`` in all.

    Where there are more thresholds than ``limit`` rows can stand beside, a random share of
    each tree's is taken. ``base`` gives the other features.
    """
    splits = int(np.count_nonzero(~trees.is_leaf))
    share = min(1.0, limit / max(1, splits * VARIANTS))
    for first, last in zip(trees.roots, trees.ends, strict=True):
        nodes = first + np.flatnonzero(~trees.is_leaf[first:last])
        chosen = nodes[random.random(len(nodes)) < share] if share < 1 else nodes
        if len(chosen):
            rows = _reaching(trees, int(first), int(last), chosen, base, random)
            yield _variations(trees, chosen, rows, missing)


def _reaching(
    trees: Trees,
    first: int,
    last: int,
    chosen: Integers,
    base: Floats,
    random: np.random.Generator,
) -> Floats:
    """A row for each chosen node of the tree ``first``…``last`` that comes by that node."""
    used, local = np.unique(np.maximum(trees.feature[first:last], 0), return_inverse=True)
    low = np.full((last - first, len(used)), -np.inf)
    high = np.full((last - first, len(used)), np.inf)
    at_most, above = trees.bounds(slice(first, last))
    level = np.array([0])
    while len(level):
        level = level[~trees.is_leaf[first + level]]
        left, right = trees.left[first + level] - first, trees.right[first + level] - first
        column = local[level]
        for child in (left, right):
            low[child], high[child] = low[level], high[level]
        high[left, column] = np.minimum(high[level, column], at_most[level])
        # Only what is missing goes left where no number does.
        never = np.isneginf(at_most[level]) & np.isneginf(above[level])
        low[left, column] = np.where(never, np.inf, low[left, column])
        low[right, column] = np.maximum(low[level, column], above[level])
        level = np.concatenate([left, right])
    rows: Floats = base[random.integers(len(base), size=len(chosen))]
    here = chosen - first
    bounded = np.isfinite(low[here]) | np.isfinite(high[here])
    values = rows[:, used]
    values = np.where(np.isnan(values) & bounded, 0.0, values)
    values = np.clip(values, low[here], high[here])
    rows[:, used] = np.where(np.isinf(low[here]) & (low[here] > 0), np.nan, values)
    return rows


def _variations(trees: Trees, chosen: Integers, rows: Floats, missing: Flags) -> Batch:
    threshold = trees.threshold[chosen]
    near = (
        *neighbours(threshold, np.float64),
        *neighbours(threshold, np.float32),
        *trees.graph_bounds(chosen),
    )
    # A threshold of infinity parts the missing from the rest.
    known = np.isfinite(threshold)
    values = [np.where(known & np.isfinite(one), one, 0.0) for one in near]
    # Where missing values are refused, a zero more does no harm.
    values.append(np.where(missing[trees.feature[chosen]], np.nan, 0.0))
    every = np.tile(rows, (len(values), 1))
    column = np.tile(trees.feature[chosen], len(values))
    every[np.arange(len(every)), column] = np.concatenate(values)
    return Batch(every, column, np.tile(threshold, len(values)))
