"""The weight of the fit against the random walk, chosen on the calibration rows.

A forecast of prices has to beat "no change", which is hard to beat at horizons of weeks, and
a fit on a few hundred days is often worse by luck. So the model and the random walk are
combined (Bates and Granger 1969, "The Combination of Forecasts"): the weight on the model's
coefficients is between 0, the random walk exactly, and 1, the fit unchanged.

- The weight has the largest gain over the random walk minus one standard error; it is 0 if no
  such gain is positive (the one-standard-error rule of Breiman et al. 1984,
  "Classification and Regression Trees", with the random walk as the simpler model).
  The gain is in dollars of absolute error, as ``skill`` measures it.
- Forecasts of neighbouring days share most of their future, so the standard error is that
  between blocks of days as long as the longest horizon (Künsch 1989). Fewer than
  ``MINIMUM_BLOCKS`` prove nothing, and the random walk is used.
- No forecast differs from the random walk by more than ``reach`` times its usual error at that
  horizon. By the triangle inequality the mean absolute error can then exceed the random walk's by
  that share at most, if prices move as much as in the calibration rows. The weight alone does not
  suffice: chance sometimes gives a large weight, and an unusual year makes differences larger than
  they were in those rows.
"""

from dataclasses import dataclass

import numpy as np

from training.features import HORIZON_DAYS, Examples, Floats, Integers, Origins, changes, matrix
from training.model import DriftRegressor, root

WEIGHTS = np.linspace(0, 1, 21)
MINIMUM_BLOCKS = 4


@dataclass(frozen=True)
class Trust:
    """``weight`` on the coefficients, ``limit`` on the drift (scales per root).

    ``gain`` is the model's saving with this weight and ``error`` its standard error, as shares of
    the random walk's absolute error on the calibration rows.
    """

    weight: float
    limit: float
    gain: float
    error: float
    blocks: int


def choose_trust(
    model: DriftRegressor, origins: Origins, calibration: Examples, reach: float
) -> Trust:
    """Choose on rows that the model was not fitted on."""
    rows, change = matrix(origins, calibration), changes(origins, calibration)
    dollars = origins.scale[calibration.origin]
    walk = np.abs(change) * dollars
    limit = reach * float(walk.sum() / (root(rows) * dollars).sum())
    block = _blocks(origins.date[calibration.origin])
    blocks = int(block.max()) + 1
    gains = np.array(
        [
            np.bincount(
                block,
                walk - np.abs(change - model.trusted(weight, limit).predict(rows)) * dollars,
            )
            for weight in WEIGHTS
        ]
    )
    gain, error = _gain_and_error(gains, float(walk.sum()))
    best = int(np.argmax(gain - error)) if blocks >= MINIMUM_BLOCKS else 0
    return Trust(
        weight=float(WEIGHTS[best]),
        limit=limit,
        gain=float(gain[best]),
        error=float(error[best]),
        blocks=blocks,
    )


def _blocks(asked: np.ndarray) -> Integers:
    """Return the block of each row's day. Blocks have equally many days, at least HORIZON_DAYS."""
    days, day = np.unique(asked, return_inverse=True)
    count = max(len(days) // HORIZON_DAYS, 1)
    block: Integers = day * count // len(days)
    return block


def _gain_and_error(gains: Floats, walk: float) -> tuple[Floats, Floats]:
    """Return the gain of each weight and its standard error, as shares of ``walk``.

    ``gains`` are dollars, of shape (weights, blocks).
    """
    blocks = gains.shape[1]
    if blocks < 2 or walk == 0:
        return np.zeros(len(gains)), np.zeros(len(gains))
    deviation: Floats = gains.std(axis=1, ddof=1)
    return gains.sum(axis=1) / walk, deviation * np.sqrt(blocks) / walk
