"""The model: a ridge regression that shrinks towards the random walk.

A daily oil price is close to a random walk. So the forecast starts from "no change", and the
penalty limits how far the features move it. One set of coefficients serves every
product and horizon: with ``root`` = square root of (horizon / longest horizon), change / root
is linear in the features and in the features times ``root``. A random walk's change has a
variance that grows with the horizon (Hull, "Options, Futures, and Other Derivatives"), so
that quotient has the same variance for all horizons. Other rows decide the weight of the fit
(training/trust.py).
"""

from typing import Self

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import Ridge

from modelwharf.artifact.forecast import HorizonBucket, IntervalWidth
from training.features import HORIZON_DAYS, Examples, Floats, Origins, changes

# Scales per root; about 8 is usual. WTI fell by 40 in a day in April 2020, and one such day must
# not dominate the fit.
CLIP = 45.0


class DriftRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Change of price, in scales, from rows of (features…, horizon).

    ``shrinkage`` is the ridge penalty per row, so that its effect does not depend on the amount
    of data.
    """

    def __init__(self, shrinkage: float = 3.0) -> None:
        self.shrinkage = shrinkage

    def fit(self, X: Floats, y: Floats) -> Self:  # noqa: N803 (scikit-learn's own name)
        drift = np.clip(y / root(X), -CLIP, CLIP)
        ridge = Ridge(alpha=self.shrinkage * len(X), fit_intercept=False)
        self.coef_: Floats = ridge.fit(_design(X), drift).coef_
        self.limit_ = np.inf
        return self

    def trusted(self, weight: float, limit: float) -> "DriftRegressor":
        """This model with ``weight`` on its coefficients and no drift beyond ``limit``.

        Weight 0 is the random walk exactly.
        """
        model = DriftRegressor(self.shrinkage)
        model.coef_ = self.coef_ * weight
        model.limit_ = limit
        return model

    def predict(self, X: Floats) -> Floats:  # noqa: N803
        drift = np.clip(_design(X) @ self.coef_, -self.limit_, self.limit_)
        change: Floats = root(X) * drift
        return change


def root(rows: Floats) -> Floats:
    """Square root of each row's share of the longest horizon."""
    share: Floats = rows[:, -1] / HORIZON_DAYS
    return np.sqrt(share)


def _design(rows: Floats) -> Floats:
    features = rows[:, :-1]
    return np.hstack([features, features * root(rows)[:, None]])


def calibrate(
    origins: Origins, calibration: Examples, predicted: Floats, level: float
) -> tuple[IntervalWidth, ...]:
    """Residual quantiles per product and horizon, from rows the model did not learn from.

    Split-conformal (Lei et al. 2018, "Distribution-Free Predictive Inference for
    Regression"): the quantile's rank is ceil((n + 1)·level) of n. The two tails are
    separate, because oil falls faster than it rises. ``predicted`` is in scales. An interval
    never narrows with the horizon. One number, the weight of training/trust.py, was chosen on
    the same rows, so the residuals are slightly smaller than those of new rows.
    """
    residual = changes(origins, calibration) - predicted
    product = origins.product[calibration.origin]
    widths: list[IntervalWidth] = []
    for number, name in enumerate(origins.product_names):
        low, high = 0.0, 0.0
        for horizon in range(1, HORIZON_DAYS + 1):
            known = residual[(product == number) & (calibration.horizon == horizon)]
            if len(known):
                low = min(low, -_conformal(-known, level))
                high = max(high, _conformal(known, level))
            bucket = HorizonBucket(first=horizon, last=horizon)
            widths.append(IntervalWidth(product=name, bucket=bucket, low=low, high=high))
    return tuple(widths)


def _conformal(residual: Floats, level: float) -> float:
    """The residual that a new one exceeds with probability at most (1 - level) / 2."""
    rank = int(np.ceil((len(residual) + 1) * (1 + level) / 2))
    return float(np.sort(residual)[min(rank, len(residual)) - 1])
