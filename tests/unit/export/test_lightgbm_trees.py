from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest

from modelwharf import export
from tests.unit.export import models

QUIET: dict[str, Any] = {"verbose": -1, "n_jobs": 1, "random_state": 0}


def with_zeros() -> np.ndarray:
    inputs = models.rows(missing=True)
    random = np.random.default_rng(1)
    inputs[random.random(inputs.shape) < 0.1] = 0.0
    return inputs


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"zero_as_missing": True},
        {"use_missing": False},
        {"boosting_type": "dart"},
        {"boosting_type": "rf", "bagging_fraction": 0.7, "bagging_freq": 1},
        {"objective": "l1"},
    ],
    ids=str,
)
def test_a_regressor_is_equal_to_the_last_bit_beside_every_threshold(
    settings: dict[str, Any], tmp_path: Path
) -> None:
    inputs = with_zeros()
    model = lightgbm.LGBMRegressor(n_estimators=10, **QUIET, **settings)
    model.fit(inputs, models.target(inputs))
    report = export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS)
    assert report.exact
    assert report.near_thresholds > 500


@pytest.mark.parametrize("settings", [{}, {"zero_as_missing": True}], ids=str)
def test_values_about_zero_are_read_as_lightgbm_reads_them(
    settings: dict[str, Any], tmp_path: Path
) -> None:
    inputs = with_zeros()
    model = lightgbm.LGBMRegressor(n_estimators=10, min_child_samples=5, **QUIET, **settings)
    model.fit(inputs, models.target(inputs) + 5 * (inputs[:, 0] == 0))
    export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS)
    edge = float(np.float32(1e-35))
    near = [0.0, -0.0, edge, -edge, 1e-36, -1e-36, 2e-35, -2e-35]
    near += [np.nextafter(edge, 1), np.nextafter(-edge, -1)]
    asked = inputs[: len(near)].copy()
    asked[:, 0] = near
    assert np.array_equal(models.answers(tmp_path, asked).ravel(), model.predict(asked))


@pytest.mark.parametrize("settings", [{}, {"objective": "multiclassova"}], ids=str)
@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_a_classifier_of_three(settings: dict[str, Any], method: Any, tmp_path: Path) -> None:
    inputs = models.rows(missing=True)
    model = lightgbm.LGBMClassifier(n_estimators=5, **QUIET, **settings)
    model.fit(inputs, models.classes(inputs, 3))
    report = export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS, method=method)
    assert report.difference < 1e-15
    asked = models.answers(tmp_path, inputs)
    if method == "predict":
        asked = np.array(models.contract(tmp_path)["labels"])[asked]
        assert np.array_equal(asked, model.predict(inputs))


def test_a_classifier_of_two_answers_both_probabilities(tmp_path: Path) -> None:
    inputs = models.rows(missing=True)
    model = lightgbm.LGBMClassifier(n_estimators=5, **QUIET).fit(inputs, models.classes(inputs, 2))
    export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS, method="predict_proba")
    asked = models.answers(tmp_path, inputs)
    assert np.allclose(asked, model.predict_proba(inputs), rtol=0, atol=1e-15)


@pytest.mark.parametrize(
    "objective", ["poisson", "gamma", "tweedie", "cross_entropy", "cross_entropy_lambda"]
)
def test_an_objectives_output_is_followed(objective: str, tmp_path: Path) -> None:
    inputs = models.rows()
    known = 1 / (1 + np.exp(-inputs[:, 0]))
    model = lightgbm.LGBMRegressor(n_estimators=5, objective=objective, **QUIET)
    model.fit(inputs, known)
    report = export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS)
    assert report.difference < 1e-14


def test_a_booster_answers_its_predict_and_its_raw_scores(tmp_path: Path) -> None:
    inputs = models.rows()
    data = lightgbm.Dataset(inputs, label=inputs[:, 0] > 0)
    model = lightgbm.train({"objective": "binary", "verbose": -1}, data, num_boost_round=5)
    export.write(model, tmp_path / "p", inputs=inputs, columns=models.COLUMNS)
    asked = models.answers(tmp_path / "p", inputs).ravel()
    assert np.allclose(asked, model.predict(inputs), rtol=0, atol=1e-15)
    assert export.write(
        model, tmp_path / "s", inputs=inputs, columns=models.COLUMNS, method="decision_function"
    ).exact
    with pytest.raises(export.CannotExport, match='method="predict" answers what its predict'):
        export.write(
            model, tmp_path / "x", inputs=inputs, columns=models.COLUMNS, method="predict_proba"
        )


def test_an_early_stop_keeps_the_trees_up_to_the_best(tmp_path: Path) -> None:
    inputs = models.rows()
    noise = np.random.default_rng(2).normal(size=len(inputs)) * 3
    model = lightgbm.LGBMRegressor(n_estimators=200, learning_rate=0.5, **QUIET)
    model.fit(
        inputs[:400],
        (models.target(inputs) + noise)[:400],
        eval_X=inputs[400:],
        eval_y=(models.target(inputs) + noise)[400:],
        callbacks=[lightgbm.early_stopping(5, verbose=False)],
    )
    assert 0 < model.best_iteration_ < 200
    assert export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS).exact


def test_linear_leaves_are_refused_by_name(tmp_path: Path) -> None:
    inputs = models.rows()
    model = lightgbm.LGBMRegressor(n_estimators=2, linear_tree=True, **QUIET)
    model.fit(inputs, models.target(inputs))
    with pytest.raises(export.CannotExport, match=r"linear_tree=True .* fallback=\"skops\""):
        export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS)
    assert list(tmp_path.iterdir()) == []


def test_a_split_by_category_is_refused_by_its_column(tmp_path: Path) -> None:
    inputs = models.rows()
    inputs[:, 2] = np.random.default_rng(0).integers(0, 9, len(inputs))
    model = lightgbm.LGBMRegressor(n_estimators=3, min_data_per_group=1, **QUIET)
    model.fit(inputs, np.isin(inputs[:, 2], [1, 4, 7]) * 9.0, categorical_feature=[2])
    with pytest.raises(export.CannotExport, match="column 2 is split by category"):
        export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS)
