"""The inputs that a trained model refuses, found by calling it: the server refuses the same.

A library refuses a whole call: if it answers many rows at once, it answers each of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwharf.export.errors import CannotExport
from modelwharf.export.runtime import Predict
from modelwharf.export.trees import Flags

FLOAT32_MOST = float(np.finfo(np.float32).max)
LARGE = 1e150  # its square is finite; above it, norms and scalers overflow
SIZES = (LARGE, FLOAT32_MOST, 1e30, 1e20, 1e15, 1e12, 1e9)
COMPANIES = 64  # rows with the tested values in several columns at once
SEED = 0
AT_ONCE = 1 << 20  # values in one call

Rows = npt.NDArray[Any]


@dataclass(frozen=True)
class Limits:
    """One flag per column, in the columns' order."""

    missing: Flags
    """NaN is answered there, even if others of these columns are missing too."""
    infinite: Flags
    """The same for both infinities."""
    largest: float | None
    """The largest absolute value in the other columns; None where there are none."""

    @property
    def by_column(self) -> float | Rows | None:
        """The largest absolute value of each column, or None when no column has a limit."""
        if self.largest is None or not self.infinite.any():
            return self.largest
        return np.where(self.infinite, np.inf, self.largest)

    def takes(self, rows: Rows) -> Flags:
        """Return, for each value of rows × columns, whether the server accepts it."""
        bound = np.inf if self.largest is None else np.where(self.infinite, np.inf, self.largest)
        with np.errstate(invalid="ignore"):
            taken: Flags = np.where(np.isnan(rows), self.missing, np.abs(rows) <= bound)
        return taken

    def in_contract(self, names: Sequence[str]) -> dict[str, Any]:
        """Return the fields of a TableContract."""
        some = self.largest is not None
        return {
            "takes_missing": _named(names, self.missing),
            "largest": self.largest,
            "takes_infinity": _named(names, self.infinite) if some else (),
        }


def limits(trained: Predict, rows: Rows) -> Limits:
    """Find the limits of a model shipped as a graph, which itself refuses nothing.

    A value that is accepted alone but refused together with others counts as refused.
    """
    known = _known(trained, rows)
    missing = _together(trained, known, _alone(trained, known, [np.nan]), [np.nan])
    both = [np.inf, -np.inf]
    infinite = _together(trained, known, _alone(trained, known, both), both)
    return Limits(missing, infinite, _largest(trained, known, rows, infinite, _signs(known)))


def limits_of_library(trained: Predict, rows: Rows) -> Limits:
    """Find the limits of a model that is shipped itself and refuses inputs itself.

    A missing value that it always refuses is refused with its column's name. A refusal that depends
    on other columns is left to the model.
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
    """Check the holdout. Raises CannotExport where the server would refuse a row that the model
    answers.
    """
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
    """Return the model's answers, or the reason of its error: each library has its own
    exceptions.
    """
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
    """Return, for each row, whether it is answered. Halves are tried until the refused rows are
    found.
    """
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
    """Return a row (1 × columns) that the model answers, with as few missing values as possible."""
    finite = np.isfinite(rows)
    raw = rows[[int(np.argmax(finite.sum(axis=1)))]]
    filled = raw.copy()
    for column in np.flatnonzero(~np.isfinite(raw[0])):
        seen = rows[finite[:, column], column]
        filled[0, column] = np.median(seen) if len(seen) else 0.0
    return filled if _answers(trained, filled) else raw


def _alone(trained: Predict, known: Rows, values: Sequence[float]) -> Flags:
    """Return, for each column, whether all the values are answered there."""
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
    """Return the flags unchanged, or all false if the model refuses several columns at once."""
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
    """Return signs for the columns, equal and mixed: in a sum, large numbers of opposite signs may
    cancel.
    """
    random = np.random.default_rng(SEED)
    mixed = random.choice([-1.0, 1.0], (COMPANIES // 4, known.shape[1]))
    mixed[0], mixed[1] = 1.0, -1.0
    return mixed


def _largest(
    trained: Predict, known: Rows, rows: Rows, infinite: Flags, signs: Rows
) -> float | None:
    """Return the largest absolute value that the model answers.

    The upper half of float64's exponents is excluded: a model that answers 1e150 may overflow above
    it. A model that answers none of SIZES gets the largest value of the rows.
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
