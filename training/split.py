"""The chronological split into training, calibration and holdout, without overlap."""

from dataclasses import dataclass
from itertools import count

import numpy as np

from training.features import HORIZON_DAYS, LEVEL_WINDOW, Days, Examples, Origins
from training.hyperparameters import LEAST_DAYS, Hyperparameters
from training.rejected import Rejected

HOLDOUT_DAYS = 250  # about a year
CALIBRATION_DAYS = 500
MINIMUM_HOLDOUT_DAYS = 60
MINIMUM_TRAINING_DAYS = 120


@dataclass(frozen=True)
class Split:
    """The examples in three parts; ``holdout_start`` and ``calibration_start`` separate them.

    An example belongs to an earlier part only when its answer was known before the later
    part begins, so examples across a boundary belong to no part.
    """

    training: Examples
    calibration: Examples
    holdout: Examples
    calibration_start: np.datetime64
    holdout_start: np.datetime64


def split(origins: Origins, examples: Examples, settings: Hyperparameters) -> Split:
    """Split by date; the boundaries are the same for all products.

    The holdout's days are counted back from the first product's last day, so that every product
    is judged on at least that many. Raises Rejected when data is too short.
    """
    products = range(len(origins.product_names))
    end = min(origins.date[origins.of(product)].max() for product in products)
    days = np.unique(origins.date[origins.date <= end])
    holdout, calibration = _parts(len(days), settings)
    if len(days) < holdout + calibration + MINIMUM_TRAINING_DAYS:
        raise Rejected(_too_short(days, settings))
    calibration_start, holdout_start = days[-holdout - calibration], days[-holdout]
    asked = origins.date[examples.origin]
    answered = examples.target_date
    parts = Split(
        training=examples.select(answered < calibration_start),
        calibration=examples.select((asked >= calibration_start) & (answered < holdout_start)),
        holdout=examples.select(asked >= holdout_start),
        calibration_start=calibration_start,
        holdout_start=holdout_start,
    )
    _check_products(parts, origins)
    return parts


def _parts(days: int, settings: Hyperparameters) -> tuple[int, int]:
    """The numbers of days in the holdout and the calibration part."""
    holdout = settings.holdout_days or min(HOLDOUT_DAYS, days // 5)
    calibration = settings.calibration_days or min(CALIBRATION_DAYS, days // 3)
    return max(holdout, MINIMUM_HOLDOUT_DAYS), calibration


def _too_short(days: Days, settings: Hyperparameters) -> str:
    enough = next(n for n in count(1) if n >= sum(_parts(n, settings)) + MINIMUM_TRAINING_DAYS)
    holdout, calibration = _parts(enough, settings)
    smallest = Hyperparameters(holdout_days=LEAST_DAYS, calibration_days=LEAST_DAYS)
    least = sum(_parts(1, smallest)) + MINIMUM_TRAINING_DAYS
    lower = "bring more history"
    if least < enough:
        lower += (
            f"; with the hyperparameters holdout_days and calibration_days at {LEAST_DAYS}, "
            f"{least} days are enough"
        )
    return (
        f"too short to train on: a forecast can be asked from {len(days):,} days ({days[0]} to "
        f"{days[-1]}; of each product the first {LEVEL_WINDOW - 1} prices only make up the "
        f"features), and {enough:,} are needed: {MINIMUM_TRAINING_DAYS} to learn from, "
        f"{calibration} for the intervals (calibration_days) and {holdout} to judge by "
        f"(holdout_days); {lower}"
    )


def _check_products(parts: Split, origins: Origins) -> None:
    """Raises Rejected with every product that has no example in a part."""
    findings = []
    for product, name in enumerate(origins.product_names):
        days = origins.date[origins.of(product)]
        for part in ("training", "calibration", "holdout"):
            examples: Examples = getattr(parts, part)
            if not (origins.product[examples.origin] == product).any():
                findings.append(
                    f"{name}: of its {len(days):,} days from {days.min()} to {days.max()} that a "
                    f"forecast can be asked from, none with a known answer within {HORIZON_DAYS} "
                    f"business days falls into the {part} part (the intervals' days start on "
                    f"{parts.calibration_start}, the holdout on {parts.holdout_start})"
                )
    if findings:
        raise Rejected(
            f"{'; '.join(findings)}; each product needs prices in all three parts, at most some "
            "weeks apart"
        )
