"""Rows that a wrong conversion would send down another branch.

For every split of every tree: rows that reach the split. In them the feature lies on the threshold,
one float64 step to either side, on the nearest float32 and one float32 step to either side of it,
and on either side of the graph's own threshold; or it is missing. A graph with rounded thresholds
cannot answer all of these rows as the model does.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from modelwharf.export.graph import Floats
from modelwharf.export.trees import Flags, Integers, Trees, neighbours

WIDER = 1.5  # times a column's range: the range of random rows
FAR = 100  # times the range: some random values lie far outside the data
FAR_SHARE = 0.02
VARIANTS = 9  # rows near each threshold
MISSING_SHARE = 0.1


@dataclass(frozen=True)
class Batch:
    """Rows (rows × columns), and the column and threshold that each row is near; -1: none."""

    rows: Floats
    column: Integers
    threshold: Floats

    @classmethod
    def of(cls, rows: Floats) -> "Batch":
        """Make a batch of rows that are near no threshold."""
        return cls(rows, np.full(len(rows), -1), np.full(len(rows), np.nan))


def random_rows(
    base: Floats,
    count: int,
    missing: Flags,
    random: np.random.Generator,
    largest: float | Floats | None = None,
    infinite: Flags | None = None,
) -> Batch:
    """Draw random rows around those of ``base``; a third has missing values where ``missing``
    allows.

    No number is above ``largest`` in size, the limit of the model for all columns or for each.
    Another third has infinities where ``infinite`` allows.
    """
    known = np.where(np.isfinite(base), base, 0.0)
    low, high = known.min(axis=0), known.max(axis=0)
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, 1e-3)
    rows = middle + half * WIDER * random.uniform(-1, 1, (count, base.shape[1]))
    mixed = random.random(count) < 0.5  # known values in new combinations
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
    return Batch.of(rows.astype(base.dtype, copy=False))


def threshold_rows(
    trees: Trees, base: Floats, limit: int, missing: Flags, random: np.random.Generator
) -> Iterator[Batch]:
    """Yield rows near the thresholds, one batch per tree, about ``limit`` in all.

    Where ``limit`` rows do not suffice for all thresholds, a random share of each tree's is taken.
    ``base`` gives the other features.
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
    """Return a row that reaches each chosen node of the tree ``first``…``last``."""
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
        # Only missing values go left where no number does.
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
    # A threshold of infinity separates missing values from all others.
    known = np.isfinite(threshold)
    values = [np.where(known & np.isfinite(one), one, 0.0) for one in near]
    # Where missing values are refused, an additional zero does no harm.
    values.append(np.where(missing[trees.feature[chosen]], np.nan, 0.0))
    every = np.tile(rows, (len(values), 1))
    column = np.tile(trees.feature[chosen], len(values))
    every[np.arange(len(every)), column] = np.concatenate(values)
    return Batch(every, column, np.tile(threshold, len(values)))
