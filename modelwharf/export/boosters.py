"""The common code for LightGBM's and XGBoost's own models (Booster)."""

from collections.abc import Callable
from typing import Any

import numpy as np

from modelwharf.export.converted import Method, Source
from modelwharf.export.errors import CannotExport
from modelwharf.export.graph import Floats
from modelwharf.export.outputs import output_names


def source_of_booster(
    method: Method, answer: Callable[[Floats, bool], Any], columns: int
) -> Source:
    """Return a Booster's source. ``answer`` takes rows and a flag for raw scores."""
    if method == "predict_proba":
        raise CannotExport(
            'a Booster has no predict_proba: method="predict" answers what its predict does '
            '(probabilities, for a classification), method="decision_function" its raw scores'
        )
    raw = method == "decision_function"
    width = np.asarray(answer(np.zeros((1, columns)), raw)).reshape(1, -1).shape[1]
    return Source(
        lambda rows: np.asarray(answer(rows, raw)),
        output_names("predict_proba" if width > 1 else method, width),
    )
