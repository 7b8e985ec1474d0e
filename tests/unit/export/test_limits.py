"""What the trained model refuses, the server refuses too."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    BaggingRegressor,
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    VotingRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVR

from modelwharf import export
from modelwharf.export.limits import limits, limits_of_library
from modelwharf.serving.refusal import Refusal
from modelwharf.serving.table.loading import load_table
from tests.unit.export import models

FILLED = ColumnTransformer([("filled", SimpleImputer(), [0])], remainder="passthrough")
NESTED = ColumnTransformer([("inner", FILLED, [1, 0, 3]), ("dropped", "drop", [2])])
TWO = ColumnTransformer([("one", SimpleImputer(), [3]), ("two", SimpleImputer(), [1])])
BOOSTED = GradientBoostingRegressor(n_estimators=3)
PIPELINES = {
    "filled before trees": (make_pipeline(FILLED, BOOSTED), "a"),
    "filled before a line": (make_pipeline(FILLED, Ridge()), "a"),
    "nested, one ignored": (make_pipeline(NESTED, BOOSTED), "bc"),
    "two filled, two ignored": (make_pipeline(TWO, BOOSTED), "abcd"),
    "a union": (make_pipeline(FeatureUnion([("s", SimpleImputer())]), Ridge()), "abcd"),
    "scaled, then refused": (make_pipeline(StandardScaler(), SVR()), ""),
    "scaled, then taken": (
        make_pipeline(StandardScaler(), HistGradientBoostingRegressor()),
        "abcd",
    ),
    "a vote of both": (
        VotingRegressor(
            [
                ("some", make_pipeline(FILLED, Ridge())),
                ("all", make_pipeline(SimpleImputer(), Ridge())),
            ]
        ),
        "a",
    ),
}


def refusing(takes: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    """A library that refuses a question in which there is a row that it does not take."""

    def predict(rows: np.ndarray) -> np.ndarray:
        if not takes(rows).all():
            raise ValueError("Input X contains NaN.")
        sums: np.ndarray = np.nan_to_num(rows).sum(axis=1)
        return sums

    return predict


def refused_by_both(model: Any, folder: Path, rows: np.ndarray) -> list[bool]:
    """Of each row, whether the library refuses it; the server must refuse the same."""
    table = load_table(folder)
    refused = []
    for row in rows:
        by = []
        for predict, refusal in ((model.predict, ValueError), (table.predict, Refusal)):
            try:
                predict(row[None, :])
            except refusal:
                by.append(True)
            else:
                by.append(False)
        assert by[0] == by[1], row
        refused.append(by[0])
    return refused


def gaps() -> np.ndarray:
    """A row for each way to leave out some of the columns."""
    masks = np.arange(16)[:, None] >> np.arange(4) & 1
    return np.where(masks == 1, np.nan, models.rows()[:16])


@pytest.mark.parametrize(("model", "taken"), PIPELINES.values(), ids=PIPELINES)
def test_a_gap_is_refused_in_the_columns_in_which_the_library_refuses_it(
    model: Any, taken: str, tmp_path: Path
) -> None:
    inputs = models.rows()
    model.fit(inputs, models.target(inputs))
    export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS)
    assert models.contract(tmp_path)["takes_missing"] == list(taken)
    refused = refused_by_both(model, tmp_path, gaps())
    assert sum(not one for one in refused) == 2 ** len(taken)


def test_a_fallbacks_gaps_are_refused_by_column_too(tmp_path: Path) -> None:
    inputs = models.rows()
    model = make_pipeline(FILLED, FunctionTransformer(np.tanh), Ridge())
    model.fit(inputs, models.target(inputs))
    export.write(
        model,
        tmp_path,
        inputs=inputs,
        columns=models.COLUMNS,
        fallback="skops",
        trusted=["numpy.tanh", "numpy.dtype"],
    )
    assert models.contract(tmp_path)["takes_missing"] == ["a"]
    assert sum(refused_by_both(model, tmp_path, gaps())) == 14


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_infinity_is_taken_in_the_columns_in_which_the_library_takes_it(tmp_path: Path) -> None:
    inputs = models.rows()
    inputs[::50, 1] = np.inf
    scaled = ColumnTransformer([("s", StandardScaler(), [0])], remainder="passthrough")
    model = make_pipeline(scaled, HistGradientBoostingRegressor(max_iter=3))
    model.fit(inputs, models.target(models.rows()))
    export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS)
    assert models.contract(tmp_path)["takes_infinity"] == ["b", "c", "d"]
    assert models.contract(tmp_path)["largest"] == 1e150
    asked = np.where(np.isnan(gaps()), np.inf, gaps())
    assert sum(refused_by_both(model, tmp_path, asked)) == 8
    assert sum(refused_by_both(model, tmp_path, -asked)) == 8


def test_columns_whose_gaps_are_refused_only_together_are_not_promised_one_by_one() -> None:
    two = refusing(lambda rows: np.isnan(rows).sum(axis=1) < 2)
    assert not limits(two, models.rows()).missing.any()
    assert limits_of_library(two, models.rows()).missing.all()


def test_a_library_that_takes_gaps_only_in_company_decides_for_itself() -> None:
    all_or_none = refusing(lambda rows: np.isin(np.isnan(rows).sum(axis=1), [0, 4]))
    assert not limits(all_or_none, models.rows()).missing.any()
    assert limits_of_library(all_or_none, models.rows()).missing.all()


def test_a_column_that_is_empty_in_the_first_row_is_asked_beside_known_numbers() -> None:
    inputs = models.rows()
    inputs[0, 1] = np.nan
    positive = refusing(lambda rows: ~(rows[:, 1] == 0) & ~np.isnan(rows[:, 0]))
    assert limits(positive, inputs).missing.tolist() == [False, True, True, True]


def test_infinity_of_one_sign_is_not_taken_for_both() -> None:
    above = refusing(lambda rows: np.all(rows > -np.inf, axis=1))
    found = limits(above, models.rows())
    assert not found.infinite.any()
    assert found.largest == 1e150


def test_large_numbers_are_asked_with_either_sign() -> None:
    bounded = refusing(lambda rows: np.abs(rows[:, 0] - rows[:, 1]) < 1.5e20)
    assert limits(bounded, models.rows()).largest == 1e15


@pytest.mark.parametrize("error", [KeyError("nan"), TypeError("no"), RuntimeError("odd")], ids=repr)
def test_whatever_the_library_raises_is_a_refusal(error: Exception) -> None:
    def predict(rows: np.ndarray) -> np.ndarray:
        if np.isnan(rows[:, 2]).any():
            raise error
        return rows[:, 0]

    assert limits(predict, models.rows()).missing.tolist() == [True, True, False, True]


def test_a_holdout_that_the_server_would_refuse_is_not_exported(tmp_path: Path) -> None:
    inputs = models.rows()
    model = BaggingRegressor(Ridge(), 3, random_state=0).fit(inputs, models.target(inputs))
    inputs[7, 2] = 1e160
    with pytest.raises(export.CannotExport, match=r"row 7, column 'c' holds 1e\+160"):
        export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS)
    assert list(tmp_path.iterdir()) == []
