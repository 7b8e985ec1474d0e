from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import BayesianRidge
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from modelwharf import export
from tests.unit.export import models

REGRESSORS = [
    DecisionTreeRegressor(random_state=0),
    RandomForestRegressor(7, random_state=0),
    ExtraTreesRegressor(7, random_state=0),
    GradientBoostingRegressor(n_estimators=12, random_state=0),
    GradientBoostingRegressor(n_estimators=5, init="zero", random_state=0),
    HistGradientBoostingRegressor(max_iter=12),
]
CLASSIFIERS = [
    DecisionTreeClassifier(random_state=0),
    RandomForestClassifier(7, random_state=0),
    ExtraTreesClassifier(7, random_state=0),
    GradientBoostingClassifier(n_estimators=6, random_state=0),
    HistGradientBoostingClassifier(max_iter=6),
]


def name(model: Any) -> str:
    return type(model).__name__


@pytest.mark.parametrize("model", REGRESSORS, ids=name)
def test_a_regressor_is_equal_to_the_last_bit_beside_every_threshold(
    model: Any, tmp_path: Path
) -> None:
    inputs = models.rows()
    model.fit(inputs, models.target(inputs))
    report = export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS)
    assert report.exact
    assert report.tolerance == export.Tolerance()
    assert report.near_thresholds > 6 * 30
    assert np.array_equal(models.answers(tmp_path, inputs).ravel(), model.predict(inputs))


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("model", CLASSIFIERS, ids=name)
def test_a_classifier_chooses_the_same_label(model: Any, count: int, tmp_path: Path) -> None:
    inputs = models.rows()
    model.fit(inputs, models.classes(inputs, count))
    assert export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS).exact
    labels = np.array(models.contract(tmp_path)["labels"])
    assert np.array_equal(labels[models.answers(tmp_path, inputs)], model.predict(inputs))


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("model", CLASSIFIERS, ids=name)
def test_probabilities_are_equal_or_within_a_rounding(
    model: Any, count: int, tmp_path: Path
) -> None:
    inputs = models.rows()
    model.fit(inputs, models.classes(inputs, count))
    report = export.write(
        model, tmp_path, inputs=inputs, columns=models.COLUMNS, method="predict_proba"
    )
    assert report.exact or ("Gradient" in name(model) and report.difference < 1e-15)
    assert models.contract(tmp_path)["outputs"] == ["a", "c"] if count == 2 else ["a", "b", "c"]


@pytest.mark.parametrize(
    "model",
    [
        GradientBoostingClassifier(n_estimators=6, random_state=0),
        HistGradientBoostingClassifier(max_iter=6),
    ],
    ids=name,
)
@pytest.mark.parametrize("count", [2, 3])
def test_scores_are_equal_to_the_last_bit(model: Any, count: int, tmp_path: Path) -> None:
    inputs = models.rows()
    model.fit(inputs, models.classes(inputs, count))
    assert export.write(
        model, tmp_path, inputs=inputs, columns=models.COLUMNS, method="decision_function"
    ).exact


@pytest.mark.parametrize(
    "model",
    [
        DecisionTreeRegressor(random_state=0),
        RandomForestRegressor(7, random_state=0),
        ExtraTreesRegressor(7, random_state=0),
        HistGradientBoostingRegressor(max_iter=12),
    ],
    ids=name,
)
def test_missing_values_go_the_models_way(model: Any, tmp_path: Path) -> None:
    inputs = models.rows(missing=True)
    model.fit(inputs, models.target(inputs))
    assert export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS).exact
    empty = np.full((1, len(models.COLUMNS)), np.nan)
    assert models.answers(tmp_path, empty).item() == model.predict(empty).item()


def test_a_forest_of_two_targets_answers_both(tmp_path: Path) -> None:
    inputs = models.rows()
    both = np.column_stack([models.target(inputs), inputs[:, 0]])
    model = RandomForestRegressor(5, random_state=0).fit(inputs, both)
    assert export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS).exact
    assert models.contract(tmp_path)["outputs"] == ["prediction_0", "prediction_1"]
    assert np.array_equal(models.answers(tmp_path, inputs), model.predict(inputs))


def test_a_tree_that_is_one_leaf_answers_it(tmp_path: Path) -> None:
    inputs = models.rows()
    model = RandomForestRegressor(3, max_depth=1, min_samples_leaf=500).fit(inputs, inputs[:, 0])
    assert export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS).exact


@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_a_logarithmic_link_is_followed(loss: str, tmp_path: Path) -> None:
    inputs = models.rows()
    model = HistGradientBoostingRegressor(loss=loss, max_iter=8)
    model.fit(inputs, np.exp(inputs[:, 0]))
    report = export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS)
    assert report.difference < 1e-12


def test_a_boosting_upon_another_model_is_refused_by_name(tmp_path: Path) -> None:
    inputs = models.rows()
    model = GradientBoostingRegressor(n_estimators=2, init=BayesianRidge()).fit(
        inputs, inputs[:, 0]
    )
    with pytest.raises(
        export.CannotExport, match=r"GradientBoostingRegressor\(init=BayesianRidge\)"
    ):
        export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS)


def test_a_split_by_category_is_refused_by_its_feature(tmp_path: Path) -> None:
    inputs = models.rows()
    inputs[:, 2] = np.random.default_rng(0).integers(0, 9, len(inputs))
    model = HistGradientBoostingRegressor(max_iter=3, categorical_features=[2])
    model.fit(inputs, np.isin(inputs[:, 2], [1, 4, 7]) * 9.0)
    with pytest.raises(export.CannotExport, match="feature 2 is split by category"):
        export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS)


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_boosting_that_learned_from_infinity_parts_rows_as_its_library_does(
    tmp_path: Path,
) -> None:
    inputs = models.rows(missing=True)
    target = models.target(inputs)
    inputs[::10, 1] = np.inf
    target[::10] += 1000
    model = HistGradientBoostingRegressor(max_iter=12).fit(inputs, target)
    nodes = np.concatenate([one.nodes for (one,) in model._predictors])
    assert np.isnan(nodes["num_threshold"]).any()
    assert export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS).exact
    asked = np.tile(inputs[:1], (5, 1))
    asked[:, 1] = [np.inf, -np.inf, np.nan, 1e308, -1e308]
    assert np.array_equal(models.answers(tmp_path, asked).ravel(), model.predict(asked))
