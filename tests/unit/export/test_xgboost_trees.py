from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost

from modelwharf import export
from tests.unit.export import models

QUIET = {"n_jobs": 1, "random_state": 0}


@pytest.mark.parametrize(
    "objective",
    [
        "reg:squarederror",
        "reg:absoluteerror",
        "reg:pseudohubererror",
        "reg:logistic",
        "count:poisson",
        "reg:gamma",
        "reg:tweedie",
    ],
)
def test_sums_are_equal_to_the_last_bit_and_outputs_to_float32s(
    objective: str, tmp_path: Path
) -> None:
    inputs = models.rows(missing=True)
    known = 1 / (1 + np.exp(-models.target(inputs)))
    model = xgboost.XGBRegressor(n_estimators=10, objective=objective, **QUIET)
    model.fit(inputs, known)
    report = export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS)
    assert report.difference <= 1.2e-7
    assert report.near_thresholds > 500
    assert export.write(
        model.get_booster(),
        tmp_path,
        inputs=inputs,
        columns=models.COLUMNS,
        method="decision_function",
    ).exact


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_a_classifier(count: int, method: Any, tmp_path: Path) -> None:
    inputs = models.rows(missing=True)
    labels = np.unique(models.classes(inputs, count), return_inverse=True)[1]
    model = xgboost.XGBClassifier(n_estimators=5, **QUIET).fit(inputs, labels)
    report = export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS, method=method)
    assert report.difference <= (1.2e-7 if method == "predict_proba" else 0)
    asked = models.answers(tmp_path, inputs)
    assert asked.shape == getattr(model, method)(inputs).shape


def test_a_base_score_that_the_file_cuts_short_is_found_to_the_last_bit(tmp_path: Path) -> None:
    inputs = np.tile(models.rows(), (5, 1))
    for seed in range(6):  # the mean of so many labels needs more than seven digits
        labels = np.random.default_rng(seed).random(len(inputs)) < 0.4
        model = xgboost.XGBClassifier(n_estimators=2, max_depth=2, **QUIET).fit(inputs, labels)
        assert export.write(
            model.get_booster(),
            tmp_path,
            inputs=inputs[:600],
            columns=models.COLUMNS,
            method="decision_function",
        ).exact


def test_an_early_stop_keeps_the_trees_up_to_the_best(tmp_path: Path) -> None:
    inputs = models.rows()
    noise = np.random.default_rng(2).normal(size=len(inputs)) * 3
    known = models.target(inputs) + noise
    model = xgboost.XGBRegressor(
        n_estimators=200, learning_rate=0.5, early_stopping_rounds=5, **QUIET
    )
    model.fit(inputs[:400], known[:400], eval_set=[(inputs[400:], known[400:])], verbose=False)
    assert model.best_iteration + 1 < model.get_booster().num_boosted_rounds()
    assert export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS).exact


def test_a_forest_of_parallel_trees(tmp_path: Path) -> None:
    inputs = models.rows()
    forest = {"n_estimators": 1, "num_parallel_tree": 10, "learning_rate": 1.0, "subsample": 0.8}
    model = xgboost.XGBRegressor(**forest, **QUIET).fit(inputs, models.target(inputs))
    assert export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS).exact


# XGBoost 3.4 deprecates the name "dart", and writes such a model as a gbtree with weights.
@pytest.mark.filterwarnings("ignore:.*booster=dart:UserWarning")
@pytest.mark.parametrize(
    ("settings", "named"),
    [({"booster": "dart", "rate_drop": 0.9}, "dart"), ({"missing": 0.0}, r"missing=0\.0")],
)
def test_what_is_not_converted_is_refused_by_name(
    settings: dict[str, Any], named: str, tmp_path: Path
) -> None:
    inputs = models.rows()
    model = xgboost.XGBRegressor(n_estimators=2, **QUIET, **settings)
    model.fit(inputs, models.target(inputs))
    with pytest.raises(export.CannotExport, match=named):
        export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS)


def test_a_split_by_category_is_refused_by_its_column(tmp_path: Path) -> None:
    inputs = models.rows()
    inputs[:, 2] = np.random.default_rng(0).integers(0, 9, len(inputs))
    kinds = ["q", "q", "c", "q"]
    data = xgboost.DMatrix(
        inputs,
        label=np.isin(inputs[:, 2], [1, 4, 7]) * 9.0,
        feature_types=kinds,
        enable_categorical=True,
    )
    model = xgboost.train({"max_cat_to_onehot": 1}, data, num_boost_round=3)
    model.feature_types = None
    with pytest.raises(export.CannotExport, match="column 2 is split by category"):
        export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS)


@pytest.mark.parametrize("way", ["argument", "callback", "file"])
def test_an_early_stop_is_kept_to_however_it_came(way: str, tmp_path: Path) -> None:
    inputs = models.rows()
    target, noise = models.target(inputs), np.random.default_rng(0).normal(size=len(inputs))
    stop: dict[str, Any] = {"early_stopping_rounds": 3}
    if way == "callback":
        stop = {"callbacks": [xgboost.callback.EarlyStopping(rounds=3)]}
    model = xgboost.XGBRegressor(n_estimators=100, learning_rate=0.9, **stop, **QUIET)
    model.fit(inputs, target + noise, eval_set=[(inputs[::2], target[::2])], verbose=False)
    if way == "file":
        model.save_model(tmp_path / "saved.json")
        model = xgboost.XGBRegressor()
        model.load_model(tmp_path / "saved.json")
    assert model.best_iteration + 1 < model.get_booster().num_boosted_rounds()
    report = export.write(model, tmp_path / "model", inputs=inputs, columns=models.COLUMNS)
    assert report.exact


def test_labels_that_are_all_the_same_have_a_base_score_all_the_same(tmp_path: Path) -> None:
    inputs = models.rows()
    model = xgboost.XGBClassifier(n_estimators=3, **QUIET).fit(inputs, np.zeros(len(inputs)))
    assert export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS).exact


def test_a_model_without_trees_is_refused_by_name(tmp_path: Path) -> None:
    inputs = models.rows()
    model = xgboost.XGBRegressor(n_estimators=0, **QUIET).fit(inputs, models.target(inputs))
    with pytest.raises(
        export.CannotExport, match="XGBoost model cannot be converted: it has no trees"
    ):
        export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS)
