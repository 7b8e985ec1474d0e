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
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HYPERPARAMETERS: dict[str, Any] = {
    "target": "progression",
    "holdout_share": 0.25,
    "seed": 1,
    "learning_rate": 0.05,
    "iterations": 100,
}
FEWEST_ROWS = 40
STOPPED = 128 + signal.SIGTERM  # the exit code that a shell reports
REASON_LIMIT = 1000  # characters; SageMaker shows 1,024 of a FailureReason


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
            kind = "a whole number" if type(HYPERPARAMETERS[name]) is int else "a number"
            raise Rejected(f"hyperparameter {name} is {text!r}, not {kind}") from None
    share = settings["holdout_share"]
    if not 0 < share < 1:
        raise Rejected(f"hyperparameter holdout_share is {share}; it must be between 0 and 1")
    return settings


def read_table(folder: Path, target: str) -> tuple[list[str], list[list[float]]]:
    """Return the columns' names and the rows of every CSV file. Raises Rejected."""
    paths = sorted(folder.glob("*.csv"))
    if not paths:
        raise Rejected(f"there is no .csv file in {folder}")
    columns: list[str] = []
    rows: list[list[float]] = []
    for path in paths:
        names, numbers = read_file(path)
        if target not in names:
            raise Rejected(
                f"{path}: there is no column {target!r}, which the hyperparameter target names; "
                f"there are {', '.join(names) or 'none'}"
            )
        if columns and names != columns:
            raise Rejected(f"{path}: its columns are {names}, not {columns} as before")
        columns = names
        rows += numbers
    if len(rows) < FEWEST_ROWS:
        raise Rejected(f"{folder}: {len(rows)} rows; at least {FEWEST_ROWS} are needed")
    at = columns.index(target)
    if any(math.isnan(row[at]) for row in rows):
        raise Rejected(f"{folder}: the target {target!r} is missing in a row")
    return columns, rows


def read_file(path: Path) -> tuple[list[str], list[list[float]]]:
    """Return the columns' names and the rows of one CSV file. Raises Rejected."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = csv.reader(file)
            names = [name.strip() for name in next(lines, [])]
            return names, list(read_rows(path, names, lines))
    except (UnicodeDecodeError, csv.Error) as error:
        raise Rejected(f"{path} is not a CSV file: {error}") from None


def read_rows(path: Path, names: list[str], lines: Any) -> Iterator[list[float]]:
    """Yield the rows below the header; blank lines are none. Raises Rejected."""
    for cells in lines:
        if not cells:
            continue
        where = f"{path}:{lines.line_num}"
        if len(cells) != len(names):
            raise Rejected(f"{where}: {len(cells)} cells, not {len(names)} as in the header")
        yield [
            read_number(f"{where}: {name}", cell) for name, cell in zip(names, cells, strict=True)
        ]


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
    columns, rows = read_table(base / "input/data/training", settings["target"])

    import numpy as np
    from sklearn.model_selection import train_test_split

    from modelwharf import export

    table, at = np.array(rows), columns.index(settings["target"])
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
    """Run the job and return the exit code."""
    if arguments != ["train"]:
        print(f"usage: train.py train (given: {arguments})", file=sys.stderr)
        return 2
    # The kernel ignores a signal without a handler for the first process of a container. The
    # handler is set before the imports, which take seconds.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(STOPPED))
    # SAGEMAKER_BASE_DIR moves the tree, as it does in SageMaker's own toolkits.
    return run(Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")))


def run(base: Path) -> int:
    """Run the job and return the exit code.

    SageMaker shows the text of ``output/failure`` as the job's FailureReason.
    """
    from modelwharf.export import ExportError

    try:
        learn(base)
    except (Rejected, ExportError) as error:
        print(error, file=sys.stderr, flush=True)
        write_failure(base, str(error))
        return 1
    except Exception as error:
        write_failure(base, f"{type(error).__name__}: {error}")
        raise  # a fault of this program: the log gets the traceback
    return 0


def write_failure(base: Path, reason: str) -> None:
    (base / "output").mkdir(parents=True, exist_ok=True)
    (base / "output/failure").write_text(reason[:REASON_LIMIT])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
