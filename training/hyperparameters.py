"""The training job's settings. SageMaker passes every value as a string."""

import json
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from modelwharf.artifact.contract import Contract
from training.rejected import Rejected, rejection

LEAST_DAYS = 60


class Hyperparameters(Contract):
    """How the model is trained and judged. Days are days with a price.

    By default the holdout is 250 days, but at most a fifth of all days, and the calibration part
    500, but at most a third.
    """

    holdout_days: Annotated[int, Field(ge=LEAST_DAYS, le=2500)] | None = None
    calibration_days: Annotated[int, Field(ge=LEAST_DAYS, le=2500)] | None = None
    shrinkage: Annotated[float, Field(gt=0, le=1e6)] = 3.0
    """Ridge penalty per training row: the larger, the closer to the random walk."""
    reach: Annotated[float, Field(ge=0, le=10)] = 0.05
    """The largest difference between a forecast and the random walk, as a share of the random
    walk's usual error at that horizon. 0 is the random walk. Raise it for a series that is far
    from a random walk."""
    interval_level: Annotated[float, Field(ge=0.5, le=0.99)] = 0.8
    bootstrap_resamples: Annotated[int, Field(ge=100, le=5000)] = 400
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0


def read_hyperparameters(path: Path) -> Hyperparameters:
    """Read ``hyperparameters.json``; no file means the defaults.

    Raises Rejected, naming the hyperparameter, its value and what is allowed.
    """
    if not path.exists():
        return Hyperparameters()
    try:
        values = json.loads(path.read_text())
    except ValueError as error:
        raise Rejected(f"{path.name} is not JSON: {error}") from None
    try:
        return Hyperparameters.model_validate(values)
    except ValidationError as error:
        allowed = tuple(Hyperparameters.model_fields)
        raise rejection("hyperparameters", error, allowed) from None
