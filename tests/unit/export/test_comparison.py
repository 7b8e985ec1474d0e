"""Conversions made wrong on purpose: each must be refused."""

from dataclasses import replace
from typing import Any

import lightgbm
import numpy as np
import pytest
import xgboost
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeRegressor

from modelwharf.artifact.table import Tolerance
from modelwharf.export import lightgbm_trees, scikit_trees, xgboost_trees
from modelwharf.export.adversarial import Batch, random_rows
from modelwharf.export.comparison import Comparer
from modelwharf.export.converted import Converted
from modelwharf.export.errors import ExportDiffers
from modelwharf.export.graph import INPUT, Graph
from modelwharf.export.runtime import runner
from modelwharf.export.trees import Trees, add_trees
from modelwharf.export.verification import Verdict, verify
from tests.unit.export import models

BOOSTINGS = [
    GradientBoostingRegressor(n_estimators=8, random_state=0),
    HistGradientBoostingRegressor(max_iter=8),
    lightgbm.LGBMRegressor(n_estimators=8, verbose=-1, n_jobs=1),
    xgboost.XGBRegressor(n_estimators=8, n_jobs=1),
]
FORESTS = [
    DecisionTreeRegressor(random_state=0),
    RandomForestRegressor(5, random_state=0),
    ExtraTreesRegressor(5, random_state=0),
]


def fitted(model: Any, inputs: np.ndarray) -> Trees:
    model.fit(inputs, models.target(inputs))
    if isinstance(model, lightgbm.LGBMRegressor):
        trees, _ = lightgbm_trees.trees_of(lightgbm_trees.read(model.booster_.model_to_string()))
        return trees
    if isinstance(model, xgboost.XGBRegressor):
        return xgboost_trees.trees_of(model.get_booster())
    return scikit_trees.flatten(model)


def compared(model: Any, inputs: np.ndarray, right: Trees, made: Trees) -> Verdict:
    graph = Graph()
    sums = add_trees(graph, INPUT, made)
    if made.adds_single:
        sums = graph.float64(sums)
    proto = graph.model(sums, inputs.shape[1])
    comparer = Comparer(model.predict, runner(proto), Tolerance(), models.COLUMNS)
    return verify(Converted(proto, "bits", right), model.predict, inputs, comparer, 10**6)


@pytest.mark.parametrize("model", [*FORESTS, *BOOSTINGS[:3]], ids=lambda one: type(one).__name__)
def test_float32_thresholds_are_refused(model: Any) -> None:
    inputs = models.rows()
    trees = fitted(model, inputs)
    assert compared(model, inputs, trees, trees).exact
    with pytest.raises(ExportDiffers, match="differs from the trained one"):
        compared(model, inputs, trees, trees.of_float32_thresholds())


@pytest.mark.parametrize("model", BOOSTINGS, ids=lambda one: type(one).__name__)
def test_the_other_sign_of_comparison_is_refused(model: Any) -> None:
    inputs = models.rows()
    trees = fitted(model, inputs)
    with pytest.raises(ExportDiffers, match="differs from the trained one"):
        compared(model, inputs, trees, replace(trees, strict=not trees.strict))


def test_missing_values_sent_the_other_way_are_refused() -> None:
    inputs = models.rows(missing=True)
    model = HistGradientBoostingRegressor(max_iter=8)
    trees = fitted(model, inputs)
    wrong = replace(trees, missing_left=~trees.missing_left)
    with pytest.raises(ExportDiffers, match="nan"):
        compared(model, inputs, trees, wrong)


def test_inputs_that_are_not_rounded_as_the_library_rounds_them_are_refused() -> None:
    inputs = models.rows()
    model = RandomForestRegressor(5, random_state=0)
    trees = fitted(model, inputs)
    with pytest.raises(ExportDiffers, match="beside the threshold"):
        compared(model, inputs, trees, replace(trees, single=False))


def test_one_threshold_of_thousands_moved_by_one_step_is_found() -> None:
    inputs = models.rows()
    model = HistGradientBoostingRegressor(max_iter=60)
    trees = fitted(model, inputs)
    splits = np.flatnonzero(~trees.is_leaf)
    assert len(splits) > 900
    moved = trees.threshold.copy()
    moved[splits[500]] = np.nextafter(moved[splits[500]], np.inf)
    with pytest.raises(ExportDiffers, match="beside the threshold"):
        compared(model, inputs, trees, replace(trees, threshold=moved))


def comparer(trained: Any, exported: Any, **allowed: float) -> Comparer:
    return Comparer(trained, exported, Tolerance(**allowed), ("a", "b"))


def first(rows: np.ndarray) -> np.ndarray:
    return rows[:, 0]


def more_above_two(rows: np.ndarray) -> np.ndarray:
    return rows[:, 0] + (rows[:, 0] > 2)


@pytest.mark.parametrize(
    ("exported", "allowed"),
    [(more_above_two, 0.0), (lambda rows: np.full(len(rows), np.nan), 0.5)],
    ids=["another branch", "no number"],
)
def test_no_wider_tolerance_is_advised_where_none_would_do(exported: Any, allowed: float) -> None:
    with pytest.raises(ExportDiffers) as refused:
        comparer(first, exported, absolute=allowed).compare([Batch.of(np.array([[3.0, 4.0]]))])
    assert "tolerance=" not in str(refused.value)
    assert 'fallback="skops"' in str(refused.value)


def test_the_message_names_the_row_both_answers_and_what_to_do() -> None:
    rows = np.array([[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(ExportDiffers) as refused:
        comparer(first, more_above_two, absolute=0.5).compare([Batch.of(rows)])
    message = str(refused.value)
    assert "row 1 (a=3.0, b=4.0) got 3.0 from the trained model and 4.0 from" in message
    assert "1 apart; 0.5 is allowed" in message
    assert "tolerance=Tolerance(" in message
    assert 'fallback="skops"' in message


def test_a_difference_within_the_tolerance_passes_and_is_reported() -> None:
    rows = np.array([[100.0, 2.0]])
    compared = comparer(first, lambda rows: rows[:, 0] + 0.5, absolute=0.1, relative=0.005)
    assert compared.compare([Batch.of(rows)]).largest == 0.5


def test_nan_against_a_number_is_refused_and_nan_against_nan_is_not() -> None:
    rows = np.array([[np.nan, 2.0]])
    assert comparer(first, first).compare([Batch.of(rows)]).largest == 0
    with pytest.raises(ExportDiffers):
        comparer(first, lambda rows: rows[:, 1], absolute=1e300).compare([Batch.of(rows)])


def test_a_model_that_answers_a_row_otherwise_when_it_is_alone_is_refused() -> None:
    rows = np.arange(8.0).reshape(4, 2)
    with pytest.raises(ExportDiffers, match="alone and"):
        comparer(first, lambda rows: rows[:, 0] + len(rows)).compare_one_by_one(rows)


def test_an_answer_of_another_width_is_refused() -> None:
    rows = np.arange(8.0).reshape(4, 2)
    with pytest.raises(ExportDiffers, match="answers 2 numbers a row and the trained one 1"):
        comparer(first, lambda rows: rows).compare([Batch.of(rows)])


def test_random_rows_hold_infinities_where_the_model_takes_them() -> None:
    base = models.rows()
    nowhere = np.zeros(4, dtype=bool)
    random = np.random.default_rng(0)
    infinite = np.array([False, True, False, False])
    drawn = random_rows(base, 1000, nowhere, random, np.where(infinite, np.inf, 10.0), infinite)
    assert np.isinf(drawn.rows).any(axis=0).tolist() == infinite.tolist()
    assert {np.inf, -np.inf} <= set(drawn.rows[:, 1].tolist())
    assert np.isfinite(random_rows(base, 1000, nowhere, random).rows).all()
