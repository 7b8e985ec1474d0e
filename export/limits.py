"""What a trained model refuses to answer, found by asking it: the server refuses the same."""

from typing import Any

import numpy as np
import numpy.typing as npt

from export.runtime import Predict
from export.trees import Flags

FLOAT32_MOST = float(np.finfo(np.float32).max)
LARGE = 1e150  # whose square is still a number: beyond it norms and scalers overflow
SIZES = (LARGE, FLOAT32_MOST, 1e30, 1e20, 1e15, 1e12, 1e9)


def takes_missing(trained: Predict, rows: npt.NDArray[Any]) -> Flags:
    """For each column, whether a row with NaN there is answered.

    A pipeline may fill the gaps of some columns and refuse those of others.
    """
    columns = rows.shape[1]
    if _answers(trained, np.full_like(rows[:1], np.nan)):
        return np.ones(columns, dtype=bool)
    known = np.nan_to_num(rows[:1])
    taken = np.zeros(columns, dtype=bool)
    for column in range(columns):
        holed = known.copy()
        holed[0, column] = np.nan
        taken[column] = _answers(trained, holed)
    return taken


def largest_taken(trained: Predict, rows: npt.NDArray[Any]) -> float | None:
    """The largest absolute value to be answered; None when infinity is.

    Of float64's upper half of exponents nothing is promised: a model that answers 1e150 may
    overflow on more. A model that takes none of SIZES is promised to take the rows.
    """
    if _answers(trained, np.full_like(rows[:1], np.inf)):
        return None
    for size in SIZES:
        if _answers(trained, np.full_like(rows[:1], size)):
            return size
    return float(np.abs(rows[np.isfinite(rows)]).max(initial=1.0))


def _answers(trained: Predict, row: npt.NDArray[Any]) -> bool:
    try:
        with np.errstate(all="ignore"):
            trained(row)
    except ValueError:  # scikit-learn's and XGBoost's word for it
        return False
    return True
