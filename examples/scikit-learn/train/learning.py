"""Train a scikit-learn model on a table of numbers, judge it on a holdout, write its artifact."""

import csv
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import train_test_split

from modelwharf import export
from modelwharf.artifact.evaluation import (
    EVALUATION_FILE,
    HOLDOUT_FILE,
    EvaluationReport,
    HoldoutRow,
    Metric,
)

FEWEST_ROWS = 40
LIBRARIES = ("numpy", "onnxruntime", "scikit-learn")
Array = npt.NDArray[np.float64]


class Rejected(Exception):
    """The data or a hyperparameter is unusable. The message becomes the job's FailureReason."""


@dataclass(frozen=True)
class Hyperparameters:
    """The hyperparameters. SageMaker passes every value as a string."""

    target: str = "progression"
    holdout_share: float = 0.25
    seed: int = 1
    learning_rate: float = 0.05
    iterations: int = 100
    leaves: int = 6

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "Hyperparameters":
        """Read the hyperparameters. Raises Rejected, which names the hyperparameter."""
        kinds = {name: type(default) for name, default in vars(cls()).items()}
        values: dict[str, Any] = {}
        for name, text in given.items():
            if name not in kinds:
                raise Rejected(f"unknown hyperparameter {name!r}; there are {', '.join(kinds)}")
            try:
                values[name] = kinds[name](text)
            except ValueError:
                kind = "a whole number" if kinds[name] is int else "a number"
                raise Rejected(f"hyperparameter {name} is {text!r}, not {kind}") from None
        found = cls(**values)
        if not 0 < found.holdout_share < 1:
            raise Rejected(
                f"hyperparameter holdout_share is {found.holdout_share}; it must be between 0 and 1"
            )
        return found


@dataclass(frozen=True)
class Table:
    """``inputs``: rows × columns, NaN for an empty cell. ``target``: one number per row."""

    columns: tuple[str, ...]
    inputs: Array
    target: Array


def read_table(folder: Path, target: str) -> Table:
    """Read every CSV file of the channel. Raises Rejected, which names file, line and column."""
    paths = sorted(folder.glob("*.csv"))
    if not paths:
        raise Rejected(f"there is no .csv file in {folder}")
    header: tuple[str, ...] = ()
    rows: list[list[float]] = []
    for path in paths:
        names, numbers = read_file(path)
        if target not in names:
            raise Rejected(
                f"{path}: there is no column {target!r}, which the hyperparameter target names; "
                f"there are {', '.join(names) or 'none'}"
            )
        if header and names != header:
            raise Rejected(f"{path}: its columns are {names}, not {header} as before")
        header = names
        rows += numbers
    if len(rows) < FEWEST_ROWS:
        raise Rejected(f"{folder}: {len(rows)} rows; at least {FEWEST_ROWS} are needed")
    table, at = np.array(rows), header.index(target)
    if np.isnan(table[:, at]).any():
        raise Rejected(f"{folder}: the target {target!r} is missing in a row")
    columns = tuple(name for name in header if name != target)
    return Table(columns, np.delete(table, at, axis=1), table[:, at])


def read_file(path: Path) -> tuple[tuple[str, ...], list[list[float]]]:
    """Read the columns' names and the numbers of one file. Raises Rejected."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = csv.reader(file)
            names = tuple(name.strip() for name in next(lines, ()))
            return names, list(_numbers(path, names, lines))
    except (UnicodeDecodeError, csv.Error) as error:
        raise Rejected(f"{path} is not a CSV file: {error}") from None


def _numbers(path: Path, header: tuple[str, ...], lines: Any) -> Iterator[list[float]]:
    for cells in lines:
        where = f"{path}:{lines.line_num}"
        if not cells:
            continue
        if len(cells) != len(header):
            raise Rejected(f"{where}: {len(cells)} cells, not {len(header)} as in the header")
        yield [_number(f"{where}: {name}", cell) for name, cell in zip(header, cells, strict=True)]


def _number(where: str, cell: str) -> float:
    try:
        value = float(cell) if cell.strip() else math.nan
    except ValueError:
        raise Rejected(f"{where}: {cell!r} is not a number") from None
    if math.isinf(value):
        raise Rejected(f"{where}: {cell!r} is not finite")
    return value


def learn(base: Path) -> None:
    """Train, judge and write the model.

    Raises Rejected for the user's data and settings, and ExportError when no artifact gives the
    model's predictions.
    """
    given = base / "input/config/hyperparameters.json"
    settings = Hyperparameters.read(json.loads(given.read_text()) if given.exists() else {})
    table = read_table(base / "input/data/training", settings.target)
    inputs, unseen, target, truth = train_test_split(
        table.inputs, table.target, test_size=settings.holdout_share, random_state=settings.seed
    )
    model = HistGradientBoostingRegressor(
        learning_rate=settings.learning_rate,
        max_iter=settings.iterations,
        max_leaf_nodes=settings.leaves,
        random_state=settings.seed,
    ).fit(inputs, target)
    predictions = model.predict(unseen)
    metrics = {
        "r2": float(r2_score(truth, predictions)),
        "mae": float(mean_absolute_error(truth, predictions)),
    }
    figures = " ".join(f"{name}={value:.4f}" for name, value in metrics.items())
    print(f"holdout rows={len(truth)} {figures}", flush=True)
    print(
        export.write(model, base / "model", inputs=unseen, columns=table.columns),
        flush=True,
    )
    write_evaluation(base / "output/data", table.columns, unseen, predictions, metrics)


def write_evaluation(
    folder: Path,
    columns: tuple[str, ...],
    inputs: Array,
    predictions: Array,
    metrics: Mapping[str, float],
) -> None:
    """Write the metrics that the gate judges and the rows that the live endpoint is asked again."""
    folder.mkdir(parents=True, exist_ok=True)
    report = EvaluationReport(
        metrics={name: Metric(value=value) for name, value in metrics.items()},
        holdout_rows=len(predictions),
        input_schema={"columns": list(columns)},
        libraries={name: version(name) for name in LIBRARIES},
        created=datetime.now(UTC),
    )
    (folder / EVALUATION_FILE).write_text(report.model_dump_json(indent=2) + "\n")
    rows = (
        HoldoutRow(request=request, prediction=prediction).model_dump_json()
        for request, prediction in zip(inputs.tolist(), predictions.tolist(), strict=True)
    )
    (folder / HOLDOUT_FILE).write_text("".join(f"{row}\n" for row in rows))
