"""The chronological split: learn, then calibrate, then judge, with no answer seen twice."""

from dataclasses import dataclass

import numpy as np

from training.features import LEVEL_WINDOW, Examples, Origins
from training.hyperparameters import Hyperparameters
from training.rejected import Rejected

HOLDOUT_DAYS = 250  # about a year
CALIBRATION_DAYS = 500
MINIMUM_HOLDOUT_DAYS = 60
MINIMUM_TRAINING_DAYS = 120


@dataclass(frozen=True)
class Split:
    """The examples in three parts; ``holdout_start`` and ``calibration_start`` part them.

    An example belongs to an earlier part only when its answer was known before the later
    part begins, so those that reach across a boundary belong to none.
    """

    training: Examples
    calibration: Examples
    holdout: Examples
    calibration_start: np.datetime64
    holdout_start: np.datetime64


def split(origins: Origins, examples: Examples, settings: Hyperparameters) -> Split:
    """Split by date; the boundaries are the same for all products.

    The holdout's days are counted back from the day when the first product ends, so that
    every product is judged on at least so many. Raises Rejected when data is too short.
    """
    products = range(len(origins.product_names))
    end = min(origins.date[origins.of(product)].max() for product in products)
    days = np.unique(origins.date[origins.date <= end])
    holdout = settings.holdout_days or min(HOLDOUT_DAYS, len(days) // 5)
    calibration = settings.calibration_days or min(CALIBRATION_DAYS, len(days) // 3)
    needed = max(holdout, MINIMUM_HOLDOUT_DAYS) + calibration + MINIMUM_TRAINING_DAYS
    if len(days) < needed:
        raise Rejected(
            f"{len(days)} days until {end} have everything that a forecast needs (the first "
            f"{LEVEL_WINDOW} prices only warm up), but {needed} are needed: "
            f"holdout_days={max(holdout, MINIMUM_HOLDOUT_DAYS)}, calibration_days={calibration} "
            f"and {MINIMUM_TRAINING_DAYS} to learn from; bring more data or lower these "
            "hyperparameters"
        )
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
    for product in products:
        _check_product(parts, origins, product)
    return parts


def _check_product(parts: Split, origins: Origins, product: int) -> None:
    name = origins.product_names[product]
    for part in ("training", "calibration", "holdout"):
        examples: Examples = getattr(parts, part)
        if not (origins.product[examples.origin] == product).any():
            raise Rejected(
                f"{name}: no price falls into the {part} part (calibration starts on "
                f"{parts.calibration_start}, the holdout on {parts.holdout_start}); "
                "products must overlap in time"
            )
