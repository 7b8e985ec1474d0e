"""What a trained model refuses to answer, found by asking it: the server refuses the same.

A refusal is of a whole question: a library that answers many rows at once answers each of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from export.errors import CannotExport
from export.runtime import Predict
from export.trees import Flags

FLOAT32_MOST = float(np.finfo(np.float32).max)
LARGE = 1e150  # whose square is still a number: beyond it norms and scalers overflow
SIZES = (LARGE, FLOAT32_MOST, 1e30, 1e20, 1e15, 1e12, 1e9)
COMPANIES = 64  # rows in which several columns at once hold what is asked about
SEED = 0
AT_ONCE = 1 << 20  # values in a question

Rows = npt.NDArray[Any]


@dataclass(frozen=True)
class Limits:
    """A flag a column, in the columns' order."""

    missing: Flags
    """NaN is answered there, whichever others of these columns lack a value too."""
    infinite: Flags
    """The same of either infinity."""
    largest: float | None
    """The largest absolute value in the other columns; None where there are no others."""

    @property
    def by_column(self) -> float | Rows | None:
        """The largest absolute value of each column; None: of no column."""
        if self.largest is None or not self.infinite.any():
            return self.largest
        return np.where(self.infinite, np.inf, self.largest)

    def takes(self, rows: Rows) -> Flags:
        """For each value of rows × columns, whether the server lets it pass."""
        bound = np.inf if self.largest is None else np.where(self.infinite, np.inf, self.largest)
        with np.errstate(invalid="ignore"):
            taken: Flags = np.where(np.isnan(rows), self.missing, np.abs(rows) <= bound)
        return taken

    def in_contract(self, names: Sequence[str]) -> dict[str, Any]:
        """The fields of a TableContract."""
        some = self.largest is not None
        return {
            "takes_missing": _named(names, self.missing),
            "largest": self.largest,
            "takes_infinity": _named(names, self.infinite) if some else (),
        }


def limits(trained: Predict, rows: Rows) -> Limits:
    """Of a model that is shipped as a graph, which refuses nothing by itself.

    What is answered alone and refused in company is not promised.
    """
    known = _known(trained, rows)
    missing = _together(trained, known, _alone(trained, known, [np.nan]), [np.nan])
    both = [np.inf, -np.inf]
    infinite = _together(trained, known, _alone(trained, known, both), both)
    return Limits(missing, infinite, _largest(trained, known, rows, infinite, _signs(known)))


def limits_of_library(trained: Predict, rows: Rows) -> Limits:
    """Of a model that is shipped itself, and refuses for itself.

    A gap that it refuses in any company is refused by its column's name; what depends on other
    columns is left to it.
    """
    known = _known(trained, rows)
    both = [np.inf, -np.inf]
    missing = _alone(trained, known, [np.nan]) | np.isnan(rows).any(axis=0)
    missing |= _answers(trained, np.full_like(known, np.nan))
    infinite = _alone(trained, known, both) | np.isinf(rows).any(axis=0)
    infinite |= all(_answers(trained, np.full_like(known, value)) for value in both)
    largest = _largest(trained, known, rows, infinite, np.ones((1, 1)))
    return Limits(missing, infinite, largest and max(largest, _most(rows)))


def require_holdout(found: Limits, rows: Rows, names: Sequence[str]) -> None:
    """Raises CannotExport where the server would refuse a row that the model has answered."""
    refused = ~found.takes(rows)
    if refused.any():
        row, column = (int(place) for place in np.argwhere(refused)[0])
        raise CannotExport(
            f"inputs: row {row}, column {names[column]!r} holds {rows[row, column].item()!r}. The "
            "model answers this row, but refuses such a value in other rows, so that the server "
            "would refuse it in all",
            "Leave such rows out of the inputs, or ship the model itself, which decides for "
            'itself, with fallback="skops" (docs/export.md)',
        )


def answers_or_reason(trained: Predict, rows: Rows) -> Rows | str:
    """The model's answers, or why it gives none: each library has its own exceptions."""
    try:
        with np.errstate(all="ignore"):
            return trained(rows)
    except MemoryError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        return reason if isinstance(error, ValueError) else f"{type(error).__name__}: {reason}"


def _answers(trained: Predict, rows: Rows) -> bool:
    return not isinstance(answers_or_reason(trained, rows), str)


def _answered_each(trained: Predict, rows: Rows) -> Flags:
    """For each row, whether it is answered. Halves are asked until the refused ones are found."""
    if not len(rows):
        return np.zeros(0, dtype=bool)
    if _answers(trained, rows):
        return np.ones(len(rows), dtype=bool)
    if len(rows) == 1:
        return np.zeros(1, dtype=bool)
    middle = len(rows) // 2
    halves = [_answered_each(trained, half) for half in (rows[:middle], rows[middle:])]
    return np.concatenate(halves)


def _known(trained: Predict, rows: Rows) -> Rows:
    """A row (1 × columns) that the model answers, with as few gaps as there are."""
    finite = np.isfinite(rows)
    raw = rows[[int(np.argmax(finite.sum(axis=1)))]]
    filled = raw.copy()
    for column in np.flatnonzero(~np.isfinite(raw[0])):
        seen = rows[finite[:, column], column]
        filled[0, column] = np.median(seen) if len(seen) else 0.0
    return filled if _answers(trained, filled) else raw


def _alone(trained: Predict, known: Rows, values: Sequence[float]) -> Flags:
    """For each column, whether each of the values is answered there."""
    columns = known.shape[1]
    step = max(1, AT_ONCE // columns)
    parts = []
    for first in range(0, columns, step):
        some = np.arange(first, min(columns, first + step))
        taken = np.ones(len(some), dtype=bool)
        for value in values:
            left = some[taken]
            asked = np.repeat(known, len(left), axis=0)
            asked[np.arange(len(left)), left] = value
            taken[taken] = _answered_each(trained, asked)
        parts.append(taken)
    return np.concatenate(parts)


def _together(trained: Predict, known: Rows, taken: Flags, values: Sequence[float]) -> Flags:
    """The columns, unless the model refuses some of them at once: then none."""
    if np.count_nonzero(taken) < 2:
        return taken
    random = np.random.default_rng(SEED)
    columns = known.shape[1]
    count = min(COMPANIES, max(1, AT_ONCE // columns))
    share = random.random((count, 1))
    chosen = (random.random((count, columns)) < share) & taken
    chosen[0] = taken
    asked = [np.where(chosen, random.choice(values, (count, columns)), known)]
    asked += [np.where(taken, value, known) for value in values]
    answered = _answers(trained, np.concatenate(asked).astype(known.dtype))
    return taken if answered else np.zeros_like(taken)


def _signs(known: Rows) -> Rows:
    """All of one sign, and of several: in a sum large numbers of one sign may cancel."""
    random = np.random.default_rng(SEED)
    mixed = random.choice([-1.0, 1.0], (COMPANIES // 4, known.shape[1]))
    mixed[0], mixed[1] = 1.0, -1.0
    return mixed


def _largest(
    trained: Predict, known: Rows, rows: Rows, infinite: Flags, signs: Rows
) -> float | None:
    """Of float64's upper half of exponents nothing is promised: a model that answers 1e150 may
    overflow on more. A model that takes none of SIZES is promised to take the rows.
    """
    if infinite.all():
        return None
    for size in SIZES:
        if _answers(trained, (size * signs * np.ones_like(known)).astype(known.dtype)):
            return size
    return max(1.0, _most(rows[:, ~infinite]))


def _most(rows: Rows) -> float:
    return float(np.abs(rows[np.isfinite(rows)]).max(initial=0.0))


def _named(names: Sequence[str], flags: Flags) -> tuple[str, ...]:
    return tuple(name for name, flag in zip(names, flags, strict=True) if flag)
