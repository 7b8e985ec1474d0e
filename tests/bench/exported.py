"""Exported models beside the trained ones: a million rows each, and how long either takes.

    OMP_NUM_THREADS=1 python -m tests.bench.exported      # about four minutes on a core
    python -m tests.bench.exported hgb ridge --rows 20000

A mismatching branch shows as an answer that is not equal to the last bit. The last line is a
JSON object.
"""

import argparse
import itertools
import json
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import lightgbm
import numpy as np
import xgboost
from sklearn.datasets import make_regression
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from modelwharf.export.adversarial import Batch, random_rows, threshold_rows
from modelwharf.export.converted import Method
from modelwharf.export.libraries import convert
from modelwharf.export.limits import limits
from modelwharf.export.runtime import Predict, as_matrix, runner
from modelwharf.export.source import source_of

COLUMNS = 20
TRAINING_ROWS = 20_000
RANDOM_SHARE = 0.2
CHUNK = 20_000
ROUNDS = 7  # the median is told
ONE = "one row, µs"
THOUSAND = "1,000 rows, ms"

Pair = tuple[float, float]

MODELS: dict[str, Callable[[], Any]] = {
    "hgb": lambda: HistGradientBoostingRegressor(max_iter=200),
    "rf": lambda: RandomForestRegressor(100, max_depth=12, random_state=0),
    "ridge": lambda: make_pipeline(StandardScaler(), Ridge()),
    "dt": lambda: DecisionTreeRegressor(random_state=0),
    "et": lambda: ExtraTreesRegressor(50, max_depth=12, random_state=0),
    "gb": lambda: GradientBoostingRegressor(random_state=0),
    "rf-classes": lambda: RandomForestClassifier(100, max_depth=12, random_state=0),
    "lightgbm": lambda: lightgbm.LGBMRegressor(n_estimators=200, verbose=-1, n_jobs=1),
    "xgboost": lambda: xgboost.XGBRegressor(n_estimators=200, n_jobs=1),
}


@dataclass(frozen=True)
class Found:
    """Of one model. Times are of the library and of the graph."""

    rows: int
    near_thresholds: int
    mismatches: int
    largest_difference: float
    one_row_us: Pair
    thousand_rows_ms: Pair
    mib: float


def batches(trees: Any, base: np.ndarray, missing: Any, rows: int) -> Iterator[Batch]:
    """A share of random rows, then rows beside thresholds, again and again from other rows."""
    random = np.random.default_rng(11)
    first = rows if trees is None else int(rows * RANDOM_SHARE)
    yield random_rows(base, first, missing, random)
    left = rows - first
    while left > 0:
        for batch in threshold_rows(trees, base, left, missing, random):
            yield batch
            left -= len(batch.rows)


def check(name: str, rows: int) -> Found:
    inputs, target = make_regression(TRAINING_ROWS, COLUMNS, noise=10, random_state=0)
    if name in ("hgb", "lightgbm", "xgboost"):
        inputs[np.random.default_rng(0).random(inputs.shape) < 0.03] = np.nan
    model = MODELS[name]()
    classes = name == "rf-classes"
    model.fit(inputs, np.digitize(target, np.quantile(target, [0.3, 0.7])) if classes else target)
    method: Method = "predict_proba" if classes else "predict"
    names = tuple(f"x{number}" for number in range(COLUMNS))
    trained = source_of(model, method, inputs, names).predict
    converted = convert(model, method, COLUMNS)
    exported = runner(converted.proto)
    missing = limits(trained, inputs).missing
    done = near = mismatches = 0
    largest = 0.0
    asked = itertools.chain([Batch.of(inputs)], batches(converted.trees, inputs, missing, rows))
    for batch in asked:
        for start in range(0, len(batch.rows), CHUNK):
            part = batch.rows[start : start + CHUNK]
            apart = np.abs(as_matrix(trained(part)) - as_matrix(exported(part)))
            mismatches += int((apart > 0).any(axis=1).sum())
            largest = max(largest, float(apart.max()))
            done += len(part)
        near += int((batch.column >= 0).sum())
    content = len(converted.proto.SerializeToString()) / 2**20
    return Found(
        done,
        near,
        mismatches,
        largest,
        timed(trained, exported, inputs[:1], 1e6),
        timed(trained, exported, inputs[:1000], 1e3),
        content,
    )


def timed(trained: Predict, exported: Predict, rows: np.ndarray, unit: float) -> Pair:
    """The median CPU time of a call of each, in parts of a second; asked in turn.

    Both work on one thread; others on the machine do not count.
    """
    pair = (trained, exported)
    calls = [max(1, int(0.1 / max(1e-6, _time(one, rows, 1)))) for one in pair]
    found = [
        [_time(one, rows, times) for one, times in zip(pair, calls, strict=True)]
        for _ in range(ROUNDS)
    ]
    library, graph = (np.median(np.array(found), axis=0) * unit).tolist()
    return library, graph


def _time(predict: Predict, rows: np.ndarray, calls: int) -> float:
    begun = time.process_time()
    for _ in range(calls):
        predict(rows)
    return (time.process_time() - begun) / calls


def main() -> None:
    parser = argparse.ArgumentParser(description="Exported models beside the trained ones.")
    parser.add_argument("models", nargs="*", help=f"of {', '.join(MODELS)}; all of them if none")
    parser.add_argument("--rows", type=int, default=1_000_000)
    arguments = parser.parse_args()
    unknown = sorted({*arguments.models} - {*MODELS})
    if unknown:
        parser.error(f"{unknown[0]!r}: known are {', '.join(MODELS)}")
    warnings.simplefilter("ignore")
    print(
        "| model | rows | beside thresholds | not equal to the last bit | largest difference "
        f"| {ONE}: library / graph | {THOUSAND}: library / graph | MiB |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    found = {}
    for name in arguments.models or MODELS:
        one = check(name, arguments.rows)
        found[name] = asdict(one)
        print(
            f"| {name} | {one.rows:,} | {one.near_thresholds:,} | {one.mismatches:,} "
            f"| {one.largest_difference:.2g} | {one.one_row_us[0]:.0f} / {one.one_row_us[1]:.1f} "
            f"| {one.thousand_rows_ms[0]:.2f} / {one.thousand_rows_ms[1]:.2f} | {one.mib:.1f} |",
            flush=True,
        )
    print(json.dumps(found))


if __name__ == "__main__":
    main()
