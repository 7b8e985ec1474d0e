"""What LightGBM's and XGBoost's own models, Boosters, have in common."""

from collections.abc import Callable
from typing import Any

import numpy as np

from export.converted import Method, Source
from export.errors import CannotExport
from export.graph import Floats
from export.source import outputs_named


def source_of_booster(
    method: Method, answer: Callable[[Floats, bool], Any], columns: int
) -> Source:
    """A Booster's answers: ``answer`` takes rows, and whether the raw scores are wanted."""
    if method == "predict_proba":
        raise CannotExport(
            'a Booster has no predict_proba: method="predict" answers what its predict does '
            '(probabilities, for a classification), method="decision_function" its raw scores'
        )
    raw = method == "decision_function"
    width = np.asarray(answer(np.zeros((1, columns)), raw)).reshape(1, -1).shape[1]
    return Source(
        lambda rows: np.asarray(answer(rows, raw)),
        outputs_named("predict_proba" if width > 1 else method, width),
    )
