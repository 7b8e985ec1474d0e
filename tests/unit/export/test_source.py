"""What is exported must be what was trained: its columns, its rows, its own answers."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas
import pytest
import xgboost
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    BaggingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from modelwharf import export
from modelwharf.artifact.table import read_contract
from tests.unit.export import models

NAMES = list(models.COLUMNS)
BACKWARDS = NAMES[::-1]
LEARNED = "columns: the model learned from a, b, c, d, in this order, and not d, c, b, a"


@pytest.fixture
def frame() -> pandas.DataFrame:
    return pandas.DataFrame(models.rows(), columns=NAMES)


@pytest.mark.parametrize(
    "trained",
    [
        lambda x, y: HistGradientBoostingRegressor(max_iter=2).fit(x, y),
        lambda x, y: make_pipeline(StandardScaler(), Ridge()).fit(x, y),
        lambda x, y: lightgbm.LGBMRegressor(n_estimators=2, verbose=-1).fit(x, y),
        lambda x, y: lightgbm.LGBMRegressor(n_estimators=2, verbose=-1).fit(x, y).booster_,
        lambda x, y: xgboost.XGBRegressor(n_estimators=2).fit(x, y),
        lambda x, y: xgboost.XGBRegressor(n_estimators=2).fit(x, y).get_booster(),
    ],
)
def test_columns_in_another_order_than_the_model_learned_them_are_refused(
    trained: Callable[..., Any], frame: pandas.DataFrame, tmp_path: Path
) -> None:
    model = trained(frame, models.target(frame.to_numpy()))
    with pytest.raises(export.CannotExport, match=LEARNED):
        export.write(model, tmp_path, inputs=frame[BACKWARDS])
    with pytest.raises(export.CannotExport, match=LEARNED):
        export.write(model, tmp_path, inputs=frame.to_numpy(), columns=BACKWARDS)
    assert list(tmp_path.iterdir()) == []


def test_names_that_are_not_the_data_frames_own_are_refused(
    frame: pandas.DataFrame, tmp_path: Path
) -> None:
    model = Ridge().fit(frame.to_numpy(), models.target(frame.to_numpy()))
    with pytest.raises(export.CannotExport, match="the inputs' own are a, b, c, d"):
        export.write(model, tmp_path, inputs=frame, columns=BACKWARDS)


def test_lightgbm_s_underscores_are_the_callers_spaces(tmp_path: Path) -> None:
    spaced = pandas.DataFrame(models.rows(), columns=["oil price", "b", "c", "d"])
    target = models.target(spaced.to_numpy())
    model = lightgbm.LGBMRegressor(n_estimators=2, verbose=-1).fit(spaced, target)
    export.write(model, tmp_path, inputs=spaced)
    assert models.contract(tmp_path)["columns"] == ["oil price", "b", "c", "d"]


@pytest.mark.parametrize(
    "trained",
    [
        lambda x, y: RandomForestRegressor(2).fit(x, y),
        lambda x, y: lightgbm.LGBMRegressor(n_estimators=2, verbose=-1).fit(x, y).booster_,
        lambda x, y: xgboost.XGBRegressor(n_estimators=2).fit(x, y).get_booster(),
    ],
)
@pytest.mark.parametrize("width", [2, 5])
def test_another_number_of_columns_is_refused(
    trained: Callable[..., Any], width: int, tmp_path: Path
) -> None:
    rows = models.rows()
    model = trained(rows, models.target(rows))
    with pytest.raises(export.CannotExport, match=f"have {width} columns, and the model .* 4"):
        export.write(model, tmp_path, inputs=np.ones((9, width)), columns=list("abcde")[:width])


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (HistGradientBoostingRegressor(), "is not fitted yet"),
        (lightgbm.LGBMRegressor(), "itself does not answer the inputs: Estimator not fitted"),
        (xgboost.XGBRegressor(), "itself does not answer the inputs: need to call fit"),
    ],
    ids=str,
)
def test_a_model_that_was_never_trained_is_reported(model: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(export.CannotExport, match=said):
        export.write(model, tmp_path, inputs=models.rows(), columns=NAMES)


def test_a_holdout_that_the_model_itself_refuses_is_reported_in_its_words(tmp_path: Path) -> None:
    rows = models.rows()
    model = Ridge().fit(rows, models.target(rows))
    with pytest.raises(export.CannotExport, match="Input X contains NaN"):
        export.write(model, tmp_path, inputs=models.rows(missing=True), columns=NAMES)


def test_a_model_of_named_columns_asks_for_a_data_frame(
    frame: pandas.DataFrame, tmp_path: Path
) -> None:
    steps = ColumnTransformer([("scaled", StandardScaler(), ["b"])])
    model = make_pipeline(steps, Ridge()).fit(frame, models.target(frame.to_numpy()))
    with pytest.raises(export.CannotExport, match="a data frame, if it learned from one"):
        export.write(model, tmp_path, inputs=frame.to_numpy(), columns=NAMES)


@pytest.mark.parametrize("chosen", [[True, False, True, False], slice(1, 3), [-1, 0]], ids=str)
def test_a_column_transformer_may_choose_by_mask_slice_and_from_the_end(
    chosen: Any, frame: pandas.DataFrame, tmp_path: Path
) -> None:
    steps = ColumnTransformer([("scaled", StandardScaler(), chosen)], remainder="passthrough")
    model = make_pipeline(steps, Ridge()).fit(frame, models.target(frame.to_numpy()))
    export.write(model, tmp_path, inputs=frame)
    asked = models.answers(tmp_path, frame.to_numpy()).ravel()
    assert np.allclose(asked, model.predict(frame), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("nothing", ["passthrough", None])
def test_a_step_that_passes_everything_through_is_left_out(nothing: Any, tmp_path: Path) -> None:
    rows = models.rows()
    steps = [("first", nothing), ("scaled", StandardScaler()), ("then", nothing), ("last", Ridge())]
    model = Pipeline(steps).fit(rows, models.target(rows))
    assert export.write(model, tmp_path, inputs=rows, columns=NAMES).difference < 1e-9
    assert [name for name, _ in model.steps] == ["first", "scaled", "then", "last"]


def test_a_model_that_refuses_rows_which_a_graph_answers_is_not_converted(tmp_path: Path) -> None:
    codes = np.round(models.rows()[:, :1])
    model = make_pipeline(OneHotEncoder(sparse_output=False), DecisionTreeRegressor())
    model.fit(codes, codes[:, 0])
    with pytest.raises(export.ExportDiffers, match="the trained model refuses rows"):
        export.write(model, tmp_path, inputs=codes, columns=["code"])


def test_rows_are_drawn_within_what_the_model_takes(tmp_path: Path) -> None:
    rows = models.rows() * 1e35 / 1000
    model = DecisionTreeRegressor(max_depth=4).fit(rows * 10, rows[:, 0])
    assert export.write(model, tmp_path, inputs=rows * 10, columns=NAMES).exact


def test_a_power_that_overflows_bounds_what_the_server_takes(tmp_path: Path) -> None:
    rows = models.rows()
    model = make_pipeline(FunctionTransformer(np.exp2), Ridge())
    model.fit(rows / 1000, models.target(rows))
    export.write(
        model,
        tmp_path,
        inputs=rows / 1000,
        columns=NAMES,
        fallback="skops",
        trusted=["numpy.exp2"],
    )
    largest = models.contract(tmp_path)["largest"]
    assert np.isfinite(model.predict(np.full((1, 4), largest))).all()


def test_a_forest_that_adds_its_trees_in_any_order_is_asked_in_one(tmp_path: Path) -> None:
    rows = models.rows()
    model = RandomForestRegressor(60, n_jobs=4, random_state=0).fit(rows, models.target(rows))
    assert export.write(model, tmp_path, inputs=rows, columns=NAMES, most_rows=1000).exact


def test_labels_must_be_equal_whatever_the_tolerance(tmp_path: Path) -> None:
    rows = models.rows()
    model = DecisionTreeClassifier(max_depth=3).fit(rows, models.classes(rows, 3))
    report = export.write(
        model, tmp_path, inputs=rows, columns=NAMES, tolerance=export.Tolerance(absolute=2)
    )
    assert report.tolerance == export.Tolerance()
    assert models.contract(tmp_path)["tolerance"] == {"absolute": 0.0, "relative": 0.0}


@pytest.mark.parametrize(
    "model",
    [
        HistGradientBoostingClassifier(max_iter=3),
        make_pipeline(StandardScaler(), RandomForestClassifier(3, random_state=0)),
        make_pipeline(StandardScaler(), LogisticRegression()),
        SVC(),
        BaggingClassifier(n_estimators=3, random_state=0),
    ],
    ids=lambda model: type(model[-1] if hasattr(model, "steps") else model).__name__,
)
def test_a_classifier_of_truth_values_answers_with_truth_values(model: Any, tmp_path: Path) -> None:
    rows = models.rows()
    truths = models.target(rows) > 0
    model.fit(rows, truths)
    export.write(model, tmp_path, inputs=rows, columns=NAMES, most_rows=1000)
    assert models.contract(tmp_path)["labels"] == [False, True]
    assert read_contract(json.dumps(models.contract(tmp_path)).encode()).labels == (False, True)
    assert np.array_equal(models.holdout(tmp_path)["predictions"], model.predict(rows).astype(int))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"columns": "abcd"}, "columns='abcd': give a list of names"),
        ({"tolerance": 1e-6}, "tolerance=1e-06: give export.Tolerance(relative=…, absolute=…)"),
        ({"trusted": "numpy.exp2"}, "trusted='numpy.exp2': give a list of types"),
        ({"inputs": [[1, 2, 3, 4], [1, 2]]}, "inputs: rows × columns are needed"),
        ({"inputs": np.ones((2, 4), dtype=complex)}, "complex128: an exported model takes real"),
        ({"inputs": np.ones((2, 4), dtype="M8[s]")}, "datetime64[s]: an exported model takes"),
    ],
    ids=str,
)
def test_a_wrong_argument_is_named_with_what_to_type(
    change: dict[str, Any], said: str, tmp_path: Path
) -> None:
    rows = models.rows()
    arguments = {"inputs": rows, "columns": NAMES, **change}
    model = Ridge().fit(rows, models.target(rows))
    with pytest.raises(export.CannotExport, match=re.escape(said)):
        export.write(model, tmp_path, **arguments)


def test_a_file_in_the_folders_place_is_named(tmp_path: Path) -> None:
    rows = models.rows()
    (tmp_path / "model").write_text("a file")
    with pytest.raises(export.CannotExport, match="model is not a folder"):
        model = Ridge().fit(rows, models.target(rows))
        export.write(model, tmp_path / "model", inputs=rows, columns=NAMES)


def test_a_model_that_no_pickle_holds_is_refused(tmp_path: Path) -> None:
    rows = models.rows()
    model = make_pipeline(FunctionTransformer(lambda given: given), Ridge())
    model.fit(rows, models.target(rows))
    with pytest.raises(export.CannotExport, match="Pipeline does not go into a pickle"):
        export.write(model, tmp_path, inputs=rows, columns=NAMES, fallback="pickle")


def test_a_fallback_that_would_need_column_names_is_refused(
    frame: pandas.DataFrame, tmp_path: Path
) -> None:
    steps = ColumnTransformer([("own", FunctionTransformer(np.tanh), ["b"])])
    model = make_pipeline(steps, Ridge()).fit(frame, models.target(frame.to_numpy()))
    with pytest.raises(export.CannotExport, match="rows without column names, which is how"):
        export.write(model, tmp_path, inputs=frame, fallback="pickle")
    assert list(tmp_path.iterdir()) == []


def test_the_reason_of_a_fallback_gives_no_advice(tmp_path: Path) -> None:
    rows = models.rows()
    model = make_pipeline(FunctionTransformer(models.target_of_all), Ridge())
    model.fit(rows, models.target(rows))
    report = export.write(model, tmp_path, inputs=rows, columns=NAMES, fallback="pickle")
    assert "cannot be converted" in report.reason
    assert "fallback=" not in report.reason


def test_an_artifact_that_is_half_written_has_no_contract(tmp_path: Path) -> None:
    rows = models.rows()
    model = Ridge().fit(rows, models.target(rows))
    export.write(model, tmp_path, inputs=rows, columns=NAMES)
    (tmp_path / "holdout.npz").unlink()
    (tmp_path / "holdout.npz").mkdir()  # no file takes its place
    with pytest.raises(OSError, match=r"holdout\.npz"):
        export.write(model, tmp_path, inputs=rows, columns=NAMES)
    assert not (tmp_path / "contract.json").exists()


@pytest.mark.parametrize(
    "model",
    [
        HistGradientBoostingRegressor(max_iter=5),
        lightgbm.LGBMRegressor(n_estimators=5, verbose=-1),
        lightgbm.LGBMRegressor(n_estimators=5, verbose=-1, zero_as_missing=True),
    ],
    ids=lambda model: type(model).__name__,
)
def test_infinities_and_the_smallest_numbers_go_the_librarys_way(
    model: Any, tmp_path: Path
) -> None:
    rows = models.rows(missing=True)
    model.fit(rows, models.target(rows))
    export.write(model, tmp_path, inputs=rows, columns=NAMES)
    assert models.contract(tmp_path)["largest"] is None
    odd = [np.inf, -np.inf, np.nan, 0.0, -0.0, 5e-324, -5e-324, 1e-35, -1e-35, 1e300, -1e300]
    asked = np.random.default_rng(1).choice(odd, size=(2000, 4))
    assert np.array_equal(models.answers(tmp_path, asked).ravel(), model.predict(asked))
