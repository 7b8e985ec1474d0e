"""``holdout.jsonl``: requests with the model's answers, to verify the live endpoint."""

from pathlib import Path

import numpy as np

from modelwharf.artifact.evaluation import HoldoutRow
from training.predictions import Predictions

SAMPLE_ROWS = 500


def write_holdout(predictions: Predictions, path: Path, *, seed: int) -> None:
    """Write a sample in random order, so that its first lines are a sample too."""
    random = np.random.default_rng(seed)
    size = min(SAMPLE_ROWS, len(predictions))
    chosen = random.choice(len(predictions), size=size, replace=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (_row(predictions, int(number)).model_dump_json() for number in chosen)
    path.write_text("".join(f"{line}\n" for line in lines))


def _row(predictions: Predictions, number: int) -> HoldoutRow:
    answer = predictions.row(number).model_dump(mode="json")
    request = {name: answer[name] for name in ("product", "date", "as_of")}
    return HoldoutRow(request=request, prediction=answer)
