"""The model's metrics on the holdout, compared with the random walk ("tomorrow as today").

Metrics over rows of (origin, horizon):

- ``mae``, ``rmse``: absolute and root mean squared error of the price, in dollars.
- ``mape``: mean of error / actual price, as a share. A price near zero makes it
  meaningless, so it omits rows whose actual price is below a twentieth of the product's median
  absolute price. If there are any, ``mape_rows_left_out`` counts them.
- ``skill``: 1 - mae / the random walk's mae. Zero is the random walk, below is worse. If
  neither has an error, on a constant price, it is zero; if only the random walk has none, it is
  omitted.
- ``coverage``: share of actual prices inside the interval; ``coverage_gap``: that share
  minus the interval's level; negative if the intervals are too narrow.

Intervals come from a moving block bootstrap over the days on which the forecasts were made
(Künsch 1989), because neighbouring forecasts share most of their future and rows are not
independent.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from modelwharf.artifact.evaluation import EvaluationReport, Interval, Metric
from modelwharf.artifact.forecast import ForecastRequest, HorizonBucket
from training.features import HORIZON_DAYS, Floats, Integers
from training.predictions import Predictions

BUCKETS = (
    HorizonBucket(first=1, last=5),
    HorizonBucket(first=6, last=10),
    HorizonBucket(first=11, last=20),
    HorizonBucket(first=21, last=30),
)
NEAR_ZERO = 1 / 20  # of a product's median absolute price
CONFIDENCE = 0.95
LEFT_OUT = "mape_rows_left_out"
LIBRARIES = ("numpy", "pandas", "scikit-learn", "onnx", "onnxruntime")


@dataclass(frozen=True)
class Bootstrap:
    """The number of resamples of the holdout's days, and their seed."""

    resamples: int
    seed: int

    def weights(self, days: int) -> Floats:
        """How often each day is drawn, resamples × days, in blocks of the longest horizon."""
        random = np.random.default_rng(self.seed)
        length = min(HORIZON_DAYS, days)
        starts = random.integers(0, days, size=(self.resamples, -(-days // length)))
        drawn = (starts[:, :, None] + np.arange(length)) % days
        drawn = drawn.reshape(self.resamples, -1)[:, :days]
        flat = drawn + np.arange(self.resamples)[:, None] * days
        counts = np.bincount(flat.ravel(), minlength=self.resamples * days)
        return counts.reshape(self.resamples, days).astype(np.float64)


def evaluate(predictions: Predictions, bootstrap: Bootstrap) -> EvaluationReport:
    """Judge the predictions, overall and per horizon bucket and product."""
    horizons = {
        str(bucket): (predictions.horizon >= bucket.first) & (predictions.horizon <= bucket.last)
        for bucket in BUCKETS
    }
    products = {
        name: predictions.product == number for number, name in enumerate(predictions.product_names)
    }
    everything = np.ones(len(predictions), dtype=bool)
    return EvaluationReport(
        metrics=metrics(predictions, everything, bootstrap),
        slices={
            name: {
                part: metrics(predictions, rows, bootstrap)
                for part, rows in parts.items()
                if rows.any()
            }
            for name, parts in (("horizon", horizons), ("product", products))
        },
        holdout_rows=len(predictions),
        input_schema=ForecastRequest.model_json_schema(),
        libraries={name: version(name) for name in LIBRARIES},
        created=datetime.now(UTC),
    )


def metrics(
    predictions: Predictions, rows: NDArray[np.bool_], bootstrap: Bootstrap
) -> dict[str, Metric]:
    """The metrics over some of the rows, each with its confidence interval."""
    sums = _sums_by_day(predictions, rows)
    values = _figures(sums.sum(axis=0, keepdims=True))
    drawn = _figures(bootstrap.weights(len(sums)) @ sums)
    found = {
        name: Metric(value=float(value[0]), interval=_interval(drawn[name]))
        for name, value in values.items()
        if np.isfinite(value[0])
    }
    found["coverage_gap"] = _shifted(found["coverage"], -predictions.level)
    left_out = rows.sum() - sums[:, _RELATIVE_ROWS].sum()
    if left_out:
        found[LEFT_OUT] = Metric(value=float(left_out))
    return found


def _shifted(metric: Metric, by: float) -> Metric:
    interval = metric.interval
    if interval is not None:
        interval = Interval(low=interval.low + by, high=interval.high + by, level=interval.level)
    return Metric(value=metric.value + by, interval=interval)


# Columns of the sums: every metric is a function of these, so a resample is one product.
_ROWS, _ABSOLUTE, _SQUARED, _WALK, _RELATIVE, _RELATIVE_ROWS, _COVERED = range(7)


def _sums_by_day(predictions: Predictions, rows: NDArray[np.bool_]) -> Floats:
    error = np.abs(predictions.forecast - predictions.actual)
    relative_rows = ~_near_zero(predictions)
    relative = np.divide(
        error, np.abs(predictions.actual), out=np.zeros_like(error), where=relative_rows
    )
    covered = (predictions.low <= predictions.actual) & (predictions.actual <= predictions.high)
    columns = (
        np.ones_like(error),
        error,
        error**2,
        np.abs(predictions.origin_price - predictions.actual),
        relative,
        relative_rows.astype(np.float64),
        covered.astype(np.float64),
    )
    _, day = np.unique(predictions.asked[rows], return_inverse=True)
    sums = [np.bincount(day, weights=column[rows]) for column in columns]
    return np.column_stack(sums)


def _near_zero(predictions: Predictions) -> NDArray[np.bool_]:
    size = np.abs(predictions.actual)
    medians: Floats = np.array(
        [
            np.median(size[predictions.product == number])
            for number in range(len(predictions.product_names))
        ]
    )
    products: Integers = predictions.product
    near: NDArray[np.bool_] = (size < NEAR_ZERO * medians[products]) | (size == 0)
    return near


def _figures(sums: Floats) -> dict[str, Floats]:
    """The metrics of each row of sums. An undefined metric is NaN."""
    with np.errstate(divide="ignore", invalid="ignore"):
        mae = sums[:, _ABSOLUTE] / sums[:, _ROWS]
        return {
            "mae": mae,
            "rmse": np.sqrt(sums[:, _SQUARED] / sums[:, _ROWS]),
            "mape": sums[:, _RELATIVE] / sums[:, _RELATIVE_ROWS],
            "skill": np.where(
                (sums[:, _ABSOLUTE] == 0) & (sums[:, _WALK] == 0),
                0.0,
                1 - sums[:, _ABSOLUTE] / sums[:, _WALK],
            ),
            "mae_random_walk": sums[:, _WALK] / sums[:, _ROWS],
            "coverage": sums[:, _COVERED] / sums[:, _ROWS],
        }


def _interval(drawn: Floats) -> Interval | None:
    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return None
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return Interval(low=float(low), high=float(high), level=CONFIDENCE)
