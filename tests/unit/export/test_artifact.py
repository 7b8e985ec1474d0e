import re
from pathlib import Path

import numpy as np
import onnx
import pandas
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from modelwharf import export
from modelwharf.artifact.table import CONTRACT_FILE, read_contract
from tests.unit.export import models


@pytest.fixture
def inputs() -> np.ndarray:
    return models.rows()


@pytest.fixture
def ridge(inputs: np.ndarray) -> Ridge:
    return make_pipeline(StandardScaler(), Ridge()).fit(inputs, models.target(inputs))


def test_the_folder_holds_the_three_files_and_the_contract_reads(
    ridge: Ridge, inputs: np.ndarray, tmp_path: Path
) -> None:
    report = export.write(ridge, tmp_path / "new", inputs=inputs, columns=models.COLUMNS)
    names = sorted(one.name for one in (tmp_path / "new").iterdir())
    assert names == ["contract.json", "holdout.npz", "model.onnx"]
    read = read_contract((tmp_path / "new" / CONTRACT_FILE).read_bytes())
    assert read.columns == models.COLUMNS
    assert read.difference == report.difference
    assert {"scikit-learn", "onnxruntime"} <= set(read.libraries)
    assert read.takes_missing == ()
    assert read.largest == 1e150


def test_the_holdout_holds_a_thousand_rows_and_the_models_own_answers(tmp_path: Path) -> None:
    inputs = np.tile(models.rows(), (3, 1))
    model = make_pipeline(StandardScaler(), Ridge()).fit(inputs, models.target(inputs))
    export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS)
    held = models.holdout(tmp_path)
    assert held["inputs"].shape == (1000, 4)
    assert np.array_equal(held["predictions"], model.predict(held["inputs"]))


def test_a_classifiers_holdout_holds_the_places_of_its_labels(
    inputs: np.ndarray, tmp_path: Path
) -> None:
    labels = models.classes(inputs, 3)
    model = RandomForestClassifier(3, random_state=0).fit(inputs, labels)
    export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS)
    known = np.array(models.contract(tmp_path)["labels"])
    assert np.array_equal(known[models.holdout(tmp_path)["predictions"]], model.predict(inputs))


def test_the_limits_of_what_the_model_takes_are_found_by_asking_it(tmp_path: Path) -> None:
    inputs = models.rows(missing=True)
    labels = models.classes(inputs, 2)
    forest = RandomForestClassifier(3, random_state=0).fit(inputs, labels)
    export.write(forest, tmp_path, inputs=inputs, columns=models.COLUMNS)
    assert models.contract(tmp_path)["takes_missing"] == list(models.COLUMNS)
    assert models.contract(tmp_path)["largest"] == np.finfo(np.float32).max
    boosting = HistGradientBoostingRegressor(max_iter=3).fit(inputs, models.target(inputs))
    export.write(boosting, tmp_path, inputs=inputs, columns=models.COLUMNS)
    assert models.contract(tmp_path)["largest"] is None


def test_nothing_is_written_when_the_export_is_refused(
    ridge: Ridge, inputs: np.ndarray, tmp_path: Path
) -> None:
    (tmp_path / "model.onnx").write_text("the old one")
    with pytest.raises(export.ExportDiffers, match="differs from the trained one"):
        export.write(
            ridge,
            tmp_path,
            inputs=inputs * 1e3,
            columns=models.COLUMNS,
            tolerance=export.Tolerance(absolute=1e-300),
        )
    assert [one.name for one in tmp_path.iterdir()] == ["model.onnx"]
    assert (tmp_path / "model.onnx").read_text() == "the old one"


def test_a_new_artifact_leaves_no_file_of_the_old_one(
    ridge: Ridge, inputs: np.ndarray, tmp_path: Path
) -> None:
    (tmp_path / "model.skops").write_text("the old one")
    export.write(ridge, tmp_path, inputs=inputs, columns=models.COLUMNS)
    assert not (tmp_path / "model.skops").exists()


def test_the_graph_holds_no_float32_number(
    ridge: Ridge, inputs: np.ndarray, tmp_path: Path
) -> None:
    export.write(ridge, tmp_path, inputs=inputs, columns=models.COLUMNS)
    proto = onnx.load(tmp_path / "model.onnx")
    kinds = {one.data_type for one in proto.graph.initializer}
    assert onnx.TensorProto.FLOAT not in kinds
    assert onnx.TensorProto.DOUBLE in kinds


def test_trees_behind_other_steps_are_compared_at_their_own_thresholds(
    inputs: np.ndarray, tmp_path: Path
) -> None:
    model = make_pipeline(StandardScaler(), HistGradientBoostingRegressor(max_iter=5))
    model.fit(inputs, models.target(inputs))
    report = export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS)
    assert report.exact
    assert report.near_thresholds > 7 * 50
    operators = {one.op_type for one in onnx.load(tmp_path / "model.onnx").graph.node}
    assert "TreeEnsemble" in operators


def test_a_data_frame_names_its_columns_and_a_column_transformer_finds_them(
    tmp_path: Path,
) -> None:
    frame = pandas.DataFrame(models.rows(missing=True), columns=list("abcd"))
    steps = ColumnTransformer(
        [("filled", make_pipeline(SimpleImputer(), StandardScaler()), ["d", "b"])]
    )
    model = make_pipeline(steps, LogisticRegression())
    model.fit(frame, models.classes(frame.to_numpy(), 3))
    export.write(model, tmp_path, inputs=frame, method="predict_proba")
    assert models.contract(tmp_path)["columns"] == ["a", "b", "c", "d"]
    asked = models.answers(tmp_path, frame.to_numpy())
    assert np.allclose(asked, model.predict_proba(frame), rtol=0, atol=1e-12)


def test_a_step_without_a_converter_is_named_with_the_two_remaining_options(
    inputs: np.ndarray, tmp_path: Path
) -> None:
    model = make_pipeline(FunctionTransformer(np.tanh), Ridge()).fit(inputs, inputs[:, 0])
    with pytest.raises(export.CannotExport) as refused:
        export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS)
    assert "FunctionTransformer" in str(refused.value) or "function" in str(refused.value)
    assert 'fallback="skops"' in str(refused.value)
    assert 'fallback="pickle"' in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_the_fallback_ships_the_model_itself_and_says_why(
    inputs: np.ndarray, tmp_path: Path
) -> None:
    model = make_pipeline(FunctionTransformer(np.tanh), Ridge()).fit(inputs, inputs[:, 0])
    report = export.write(
        model,
        tmp_path,
        inputs=inputs,
        columns=models.COLUMNS,
        fallback="skops",
        trusted=["numpy.tanh"],
    )
    assert report.runtime == "skops"
    assert "cannot be converted" in report.reason
    assert models.contract(tmp_path)["runtime"] == "skops"
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        "contract.json",
        "holdout.npz",
        "model.skops",
    ]


def test_a_type_that_skops_does_not_know_must_be_named(inputs: np.ndarray, tmp_path: Path) -> None:
    model = make_pipeline(FunctionTransformer(models.rows), Ridge())
    model.set_params(functiontransformer__func=models.target_of_all)
    model.fit(inputs, inputs[:, 0])
    with pytest.raises(export.CannotExport, match=r"trusted=\['tests\.unit\.export\.models"):
        export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS, fallback="skops")
    assert list(tmp_path.iterdir()) == []


def test_a_pickle_is_written_only_when_it_is_asked_for_by_name(
    inputs: np.ndarray, tmp_path: Path
) -> None:
    model = make_pipeline(FunctionTransformer(models.target_of_all), Ridge())
    model.fit(inputs, inputs[:, 0])
    report = export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS, fallback="pickle")
    assert report.runtime == "pickle"
    assert (tmp_path / "model.pickle").is_file()


def test_a_model_that_converts_is_not_sent_to_the_fallback(
    ridge: Ridge, inputs: np.ndarray, tmp_path: Path
) -> None:
    report = export.write(ridge, tmp_path, inputs=inputs, columns=models.COLUMNS, fallback="pickle")
    assert report.runtime == "onnx"
    assert report.reason == ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"columns": None}, "columns have no names"),
        ({"columns": ("a", "b")}, "inputs have 4 columns and 2 names: a, b"),
        ({"columns": ("a", "b", "b", "c")}, "'b' is there more than once"),
        ({"inputs": np.zeros((0, 4))}, r"one row at least are needed; got shape (0, 4)"),
        ({"inputs": np.zeros(4)}, "rows × columns"),
        (
            {"inputs": np.array([["1", "2", "x", "3"]])},
            "column 'c' has a value that is not a number",
        ),
        ({"method": "transform"}, "method='transform': allowed are predict, predict_proba"),
        ({"method": "predict_proba"}, "Pipeline has no predict_proba; it has predict"),
        ({"fallback": "joblib"}, "fallback='joblib': allowed are None"),
    ],
    ids=str,
)
def test_a_wrong_argument_is_named_with_what_is_allowed(
    change: dict[str, object], said: str, ridge: Ridge, inputs: np.ndarray, tmp_path: Path
) -> None:
    arguments = {"inputs": inputs, "columns": models.COLUMNS, **change}
    with pytest.raises(export.CannotExport, match=re.escape(said)):
        export.write(ridge, tmp_path, **arguments)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_model_of_an_unknown_library_is_refused_by_name(
    inputs: np.ndarray, tmp_path: Path
) -> None:
    class Mean:
        n_features_in_ = 4

        def predict(self, rows: np.ndarray) -> np.ndarray:
            means: np.ndarray = rows.mean(axis=1)
            return means

    with pytest.raises(export.CannotExport, match="Mean cannot be converted: converted are models"):
        export.write(Mean(), tmp_path, inputs=inputs, columns=models.COLUMNS)


def test_a_gaussian_process_is_converted_or_refused_but_never_wrong(
    inputs: np.ndarray, tmp_path: Path
) -> None:
    model = GaussianProcessRegressor(alpha=0.1).fit(inputs[:50], models.target(inputs)[:50])
    try:
        export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS)
    except export.ExportError:
        assert list(tmp_path.iterdir()) == []
    else:
        asked = models.answers(tmp_path, inputs).ravel()
        assert np.allclose(asked, model.predict(inputs), rtol=1e-9, atol=1e-9)
