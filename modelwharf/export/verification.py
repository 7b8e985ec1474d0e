"""Compares the converted model with the trained one: on the holdout, on random rows and near each
threshold. Each step of trees after other steps is compared in the same way.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwharf.artifact.table import Tolerance
from modelwharf.export.adversarial import Batch, random_rows, threshold_rows
from modelwharf.export.comparison import Comparer, Comparison
from modelwharf.export.converted import Converted, Part
from modelwharf.export.limits import Limits, limits
from modelwharf.export.runtime import Predict, as_matrix, runner

RANDOM_ROWS = 5_000
SEED = 0


@dataclass(frozen=True)
class Verdict:
    """A comparison within the tolerance; see Report."""

    rows: int
    near_thresholds: int
    difference: float
    exact: bool

    def and_of_part(self, part: "Verdict") -> "Verdict":
        """Add a part's rows. Its differences are left out: they are not differences of answers."""
        return Verdict(
            rows=self.rows + part.rows,
            near_thresholds=self.near_thresholds + part.near_thresholds,
            difference=self.difference,
            exact=self.exact and part.exact,
        )


def default_tolerance(converted: Converted, trained: npt.NDArray[Any]) -> Tolerance:
    """Return the difference that two correct programs may have; ``trained`` answers give the
    scale.
    """
    if converted.exactness == "bits":
        return Tolerance()
    relative, absolute = {"float64": (1e-9, 1e-12), "float32": (1e-5, 1e-6)}[converted.exactness]
    finite = trained[np.isfinite(trained)]
    return Tolerance(relative=relative, absolute=absolute * float(np.abs(finite).max(initial=0.0)))


def verify(
    converted: Converted,
    trained: Predict,
    rows: npt.NDArray[Any],
    comparer: Comparer,
    most_rows: int,
    taken: Limits | None = None,
) -> Verdict:
    """Compare on the holdout, on random rows and near each threshold. ``taken``: the trained
    model's limits, if they are known.
    """
    random = np.random.default_rng(SEED)
    taken = taken or limits(trained, rows)
    missing = taken.missing
    on_rows = comparer.compare([Batch.of(rows)])
    comparer.compare_one_by_one(rows)
    infinite = taken.infinite if converted.dtype == "float64" else None
    drawn = random_rows(rows, RANDOM_ROWS, missing, random, taken.by_column, infinite)
    on_random = comparer.compare([drawn])
    near = Comparison(0, 0.0)
    if converted.trees is not None:
        near = comparer.compare(threshold_rows(converted.trees, rows, most_rows, missing, random))
    return Verdict(
        rows=on_rows.rows + on_random.rows + near.rows,
        near_thresholds=near.rows,
        difference=max(on_rows.largest, near.largest),
        exact=max(on_rows.largest, near.largest, on_random.largest) == 0.0,
    )


def verify_parts(
    verdict: Verdict,
    converted: Converted,
    framed: Callable[[npt.NDArray[Any]], Any],
    rows: npt.NDArray[Any],
    names: Sequence[str],
    most_rows: int,
) -> Verdict:
    """Verify the steps that are compared separately, and add their verdicts."""
    for part in converted.parts:
        predict, inner, inside = _of_part(part, framed), rows, names
        if part.before is not None:
            made = part.before(framed(rows))
            if hasattr(made, "toarray"):  # an encoder's output may be sparse
                made = made.toarray()
            inner = np.ascontiguousarray(made, dtype=np.float64)
            inside = [f"{part.name} column {number}" for number in range(inner.shape[1])]
        exported = runner(part.converted.proto)
        tolerance = default_tolerance(part.converted, as_matrix(predict(inner)))
        own = Comparer(predict, exported, tolerance, inside, where=part.name)
        verdict = verdict.and_of_part(verify(part.converted, predict, inner, own, most_rows))
        verdict = verify_parts(
            verdict,
            part.converted,
            framed if part.before is None else lambda rows: rows,
            inner,
            inside,
            most_rows,
        )
    return verdict


def _of_part(part: Part, framed: Callable[[npt.NDArray[Any]], Any]) -> Predict:
    if part.before is not None:
        return part.predict
    return lambda rows: part.predict(framed(rows))
