"""``train.py train``: the training job. `fit` and `judge` are yours to change.

SageMaker hands the tables over in /opt/ml/input/data/training, and keeps what is in /opt/ml/model
and /opt/ml/output at the end.
"""

import csv
import json
import math
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

BASE = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
HYPERPARAMETERS: dict[str, Any] = {
    "target": "progression",
    "holdout_share": 0.25,
    "seed": 1,
    "learning_rate": 0.05,
    "iterations": 100,
}
FEWEST_ROWS = 40


class Rejected(Exception):
    """The data or a hyperparameter cannot be used; the message is the job's FailureReason."""


def fit(inputs: Any, target: Any, settings: dict[str, Any]) -> Any:
    """Return the model: an estimator or a pipeline of scikit-learn, LightGBM or XGBoost."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(
        learning_rate=settings["learning_rate"],
        max_iter=settings["iterations"],
        max_leaf_nodes=6,
        random_state=settings["seed"],
    ).fit(inputs, target)


def judge(truth: Any, predictions: Any) -> dict[str, float]:
    """Return the figures that the rules in modelwharf.toml are about."""
    from sklearn.metrics import mean_absolute_error, r2_score

    return {
        "r2": float(r2_score(truth, predictions)),
        "mae": float(mean_absolute_error(truth, predictions)),
    }


def read_hyperparameters(given: dict[str, str]) -> dict[str, Any]:
    """Return all of them; SageMaker hands each over as a string. Raises Rejected."""
    settings = dict(HYPERPARAMETERS)
    for name, text in given.items():
        if name not in HYPERPARAMETERS:
            known = ", ".join(HYPERPARAMETERS)
            raise Rejected(f"unknown hyperparameter {name!r}; there are {known}")
        try:
            settings[name] = type(HYPERPARAMETERS[name])(text)
        except ValueError:
            kind = type(HYPERPARAMETERS[name]).__name__
            raise Rejected(f"hyperparameter {name} is {text!r}, not of type {kind}") from None
    if not 0 < settings["holdout_share"] < 1:
        raise Rejected("hyperparameter holdout_share must be between 0 and 1")
    return settings


def read_tables(folder: Path) -> tuple[list[str], list[list[float]]]:
    """Return the columns' names and the rows of every CSV file. Raises Rejected."""
    header: list[str] = []
    rows: list[list[float]] = []
    for path in sorted(folder.glob("*.csv")):
        try:
            lines = list(csv.reader(path.read_text("utf-8-sig").splitlines()))
        except (UnicodeDecodeError, csv.Error) as error:
            raise Rejected(f"{path} is not a CSV file: {error}") from None
        names, *body = lines or [[]]
        if header and names != header:
            raise Rejected(f"{path}: its columns are {names}, not {header}")
        header = names
        for number, cells in enumerate(body, start=2):
            if len(cells) != len(header):
                raise Rejected(f"{path}:{number}: {len(cells)} cells, not {len(header)}")
            rows.append([read_number(f"{path}:{number}", cell) for cell in cells])
    if len(rows) < FEWEST_ROWS:
        raise Rejected(f"{folder}: {len(rows)} rows in CSV files; {FEWEST_ROWS} are needed")
    return header, rows


def read_number(where: str, cell: str) -> float:
    """Return NaN for an empty cell. Raises Rejected."""
    try:
        value = float(cell) if cell.strip() else math.nan
    except ValueError:
        raise Rejected(f"{where}: {cell!r} is not a number") from None
    if math.isinf(value):
        raise Rejected(f"{where}: {cell!r} is not finite")
    return value


def learn(base: Path) -> None:
    """Fit on one part, judge on the other, and write the model. Raises Rejected, ExportError."""
    given = base / "input/config/hyperparameters.json"
    settings = read_hyperparameters(json.loads(given.read_text()) if given.exists() else {})
    columns, rows = read_tables(base / "input/data/training")
    if settings["target"] not in columns:
        raise Rejected(f"there is no column {settings['target']!r}, but {', '.join(columns)}")
    at = columns.index(settings["target"])
    if any(math.isnan(row[at]) for row in rows):
        raise Rejected(f"the target {settings['target']!r} is missing in a row")

    import numpy as np
    from sklearn.model_selection import train_test_split

    from modelwharf import export

    table = np.array(rows)
    inputs, unseen, target, truth = train_test_split(
        np.delete(table, at, axis=1),
        table[:, at],
        test_size=settings["holdout_share"],
        random_state=settings["seed"],
    )
    model = fit(inputs, target, settings)
    predictions = model.predict(unseen)
    metrics = judge(truth, predictions)
    print("holdout", *(f"{name}={value:.4f}" for name, value in metrics.items()), flush=True)
    names = [name for name in columns if name != settings["target"]]
    print(export.write(model, base / "model", inputs=unseen, columns=names), flush=True)
    write_evaluation(base / "output/data", names, unseen.tolist(), predictions.tolist(), metrics)


def write_evaluation(
    folder: Path, columns: list[str], inputs: Any, predictions: Any, metrics: dict[str, float]
) -> None:
    """What the gate judges, and the rows that the live endpoint is asked again."""
    from modelwharf.artifact.evaluation import EvaluationReport, HoldoutRow, Metric

    folder.mkdir(parents=True, exist_ok=True)
    report = EvaluationReport(
        metrics={name: Metric(value=value) for name, value in metrics.items()},
        holdout_rows=len(predictions),
        input_schema={"columns": columns},
        created=datetime.now(UTC),
    )
    (folder / "evaluation.json").write_text(report.model_dump_json(indent=2) + "\n")
    rows = (
        HoldoutRow(request=request, prediction=prediction).model_dump_json()
        for request, prediction in zip(inputs, predictions, strict=True)
    )
    (folder / "holdout.jsonl").write_text("".join(f"{row}\n" for row in rows))


def main(arguments: list[str]) -> int:
    """Return the exit code; the reason of a failure goes where SageMaker looks for it."""
    if arguments != ["train"]:
        print(f"usage: train.py train (given: {arguments})", file=sys.stderr)
        return 2
    # As a container's first process it would ignore the signal; and the imports take seconds.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        learn(BASE)
    except Exception as error:
        name = "" if isinstance(error, Rejected) else f"{type(error).__name__}: "
        (BASE / "output").mkdir(parents=True, exist_ok=True)
        (BASE / "output/failure").write_text(f"{name}{error}"[:1000])
        if not isinstance(error, Rejected):
            raise
        print(error, file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
