"""Compares the converted model with the trained one, row by row."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwharf.artifact.table import Label, Tolerance
from modelwharf.export.adversarial import Batch
from modelwharf.export.errors import ExportDiffers
from modelwharf.export.limits import answers_or_reason
from modelwharf.export.runtime import Predict, as_matrix

CHUNK = 20_000  # rows; limits the memory of a comparison
FALLBACK = (
    'Nothing was written. Ship the model itself with fallback="skops", or leave out the step '
    "that differs (docs/export.md)"
)
SINGLE = 50  # rows also asked one by one: a server's most common request


@dataclass(frozen=True)
class Comparison:
    """The result of comparing two models' answers to the same rows."""

    rows: int
    largest: float
    """The largest absolute difference of two answers."""


@dataclass(frozen=True)
class Comparer:
    """Two models, and the tolerance for their answers."""

    trained: Predict
    exported: Predict
    tolerance: Tolerance
    columns: Sequence[str]
    labels: Sequence[Label] = ()
    where: str = ""
    """The step of the model, for the message; "" for the whole model."""

    def compare(self, batches: Iterable[Batch]) -> Comparison:
        """Compare batches. Raises ExportDiffers at the first batch that differs, with its worst
        row.
        """
        rows, largest = 0, 0.0
        for batch in batches:
            for first in range(0, len(batch.rows), CHUNK):
                part = slice(first, first + CHUNK)
                largest = max(
                    largest,
                    self._one(
                        Batch(batch.rows[part], batch.column[part], batch.threshold[part]),
                        rows,
                    ),
                )
                rows += len(batch.rows[part])
        return Comparison(rows, largest)

    def compare_one_by_one(self, rows: npt.NDArray[Any]) -> None:
        """Check that the graph answers a row alone as in a batch. Raises ExportDiffers."""
        few = rows[:SINGLE]
        together = as_matrix(self.exported(few))
        alone = np.concatenate([as_matrix(self.exported(few[i : i + 1])) for i in range(len(few))])
        apart = ~_within(alone, together, self.tolerance)
        if apart.any():
            row = int(np.flatnonzero(apart.any(axis=1))[0])
            raise ExportDiffers(
                f"the exported model answers row {row} of the inputs with {alone[row]} alone and "
                f"with {together[row]} among others",
                self._advice(),
            )

    def _one(self, batch: Batch, before: int) -> float:
        answered = answers_or_reason(self.trained, batch.rows)
        if isinstance(answered, str):
            raise ExportDiffers(
                f"the trained model refuses rows that {self._subject()} would answer: {answered}",
                FALLBACK,
            )
        trained = as_matrix(answered)
        exported = as_matrix(self.exported(batch.rows))
        if trained.shape != exported.shape:
            raise ExportDiffers(
                f"{self._subject()} answers {exported.shape[1]} numbers a row and the trained "
                f"one {trained.shape[1]}",
                FALLBACK,
            )
        difference = _distance(exported, trained)
        apart = ~_within(exported, trained, self.tolerance)
        if apart.any():
            worst = np.where(apart, difference, -1.0)
            row, output = np.unravel_index(int(np.argmax(worst)), worst.shape)
            answers = self._answers(trained[row, output].item(), exported[row, output].item())
            raise ExportDiffers(
                f"{self._subject()} differs from the trained one: "
                f"{self._place(batch, int(row), before)} got {answers}. It is the furthest of "
                f"{int(apart.any(axis=1).sum())} such rows among {len(apart)}",
                self._advice(apart=float(worst.max())),
            )
        return float(difference.max(initial=0.0))

    def _answers(self, trained: float, exported: float) -> str:
        if self.labels:
            named = dict(enumerate(self.labels))
            return (
                f"{named.get(int(trained))!r} from the trained model and "
                f"{named.get(int(exported))!r} from the exported one; labels must be equal"
            )
        allowed = self.tolerance.absolute + self.tolerance.relative * abs(trained)
        return (
            f"{trained!r} from the trained model and {exported!r} from the exported one, "
            f"{abs(exported - trained):.3g} apart; {allowed:.3g} is allowed"
        )

    def _place(self, batch: Batch, row: int, before: int) -> str:
        one, column = batch.rows[row], int(batch.column[row])
        if column >= 0:
            return (
                f"a row whose column {self.columns[column]!r} is {one[column].item()!r}, beside "
                f"the threshold {batch.threshold[row].item()!r},"
            )
        values = ", ".join(
            f"{name}={value!r}" for name, value in zip(self.columns, one.tolist(), strict=True)
        )
        return f"row {before + row} ({_shortened(values)})"

    def _subject(self) -> str:
        return f"the exported {self.where or 'model'}"

    def _advice(self, apart: float = 0.0) -> str:
        """Return what to do next.

        No tolerance makes labels equal, or NaN or an infinity near a number. Trees that differ have
        taken another branch.
        """
        if self.labels or self.tolerance == Tolerance() or not np.isfinite(apart):
            return FALLBACK
        return (
            "Nothing was written. If such a difference is harmless to you, widen it with "
            "export.write(..., tolerance=Tolerance(relative=…, absolute=…)); if not, ship the "
            'model itself with fallback="skops" (docs/export.md)'
        )


def _distance(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    with np.errstate(invalid="ignore"):
        apart = np.abs(one.astype(np.float64) - other.astype(np.float64))
    apart[(one == other) | (np.isnan(one) & np.isnan(other))] = 0.0
    apart[np.isnan(apart)] = np.inf
    return apart


def _within(
    one: npt.NDArray[Any], other: npt.NDArray[Any], tolerance: Tolerance
) -> npt.NDArray[np.bool_]:
    size = np.abs(np.where(np.isfinite(other), other, 0.0))
    near: npt.NDArray[np.bool_] = _distance(one, other) <= (
        tolerance.absolute + tolerance.relative * size
    )
    return near


def _shortened(text: str, longest: int = 400) -> str:
    return text if len(text) <= longest else text[:longest] + "…"
