"""Steps that skl2onnx would write in float32: they are compared, and come within float64's."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    BaggingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Lasso, LogisticRegression, Ridge, SGDClassifier
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    KBinsDiscretizer,
    MinMaxScaler,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC, SVR, LinearSVC, NuSVR
from sklearn.tree import DecisionTreeRegressor

from modelwharf import export
from tests.unit.export import models

REGRESSORS = [
    make_pipeline(StandardScaler(), Ridge()),
    make_pipeline(RobustScaler(), PolynomialFeatures(3), Lasso(0.1, max_iter=50_000)),
    make_pipeline(MinMaxScaler(), PolynomialFeatures(2, interaction_only=True), Ridge()),
    make_pipeline(StandardScaler(), PolynomialFeatures(2, include_bias=False), Ridge()),
    make_pipeline(StandardScaler(), PCA(2), Ridge()),
    make_pipeline(StandardScaler(), SVR()),
    make_pipeline(StandardScaler(), NuSVR(kernel="sigmoid")),
    make_pipeline(StandardScaler(), SVR(kernel="poly", degree=2)),
    make_pipeline(StandardScaler(), SVR(kernel="poly", gamma=0.1, coef0=0.3)),
    make_pipeline(StandardScaler(), SVR(kernel="sigmoid", gamma=0.1)),
    make_pipeline(StandardScaler(), SVR(kernel="linear")),
    make_pipeline(StandardScaler(), KNeighborsRegressor()),
    VotingRegressor([("line", Ridge()), ("trees", RandomForestRegressor(3, random_state=0))]),
    BaggingRegressor(DecisionTreeRegressor(), 3, random_state=0),
]
CLASSIFIERS = [
    make_pipeline(StandardScaler(), LogisticRegression()),
    make_pipeline(StandardScaler(), LinearSVC()),
    make_pipeline(StandardScaler(), SGDClassifier(random_state=0)),
    make_pipeline(StandardScaler(), SVC()),
    make_pipeline(StandardScaler(), SVC(kernel="poly")),
    make_pipeline(StandardScaler(), SVC(kernel="sigmoid", gamma=0.1)),
    make_pipeline(StandardScaler(), RandomForestClassifier(3, random_state=0)),
    VotingClassifier(
        [
            ("line", make_pipeline(StandardScaler(), LogisticRegression())),
            ("trees", RandomForestClassifier(3, random_state=0)),
        ],
        voting="soft",
    ),
]


def name(model: Any) -> str:
    steps = [one for _, one in getattr(model, "steps", [("", model)])]
    return "-".join(type(one).__name__ for one in steps)


@pytest.mark.parametrize("model", REGRESSORS, ids=name)
def test_a_regression_comes_within_float64s_rounding(model: Any, tmp_path: Path) -> None:
    inputs = models.rows()
    model.fit(inputs, models.target(inputs))
    report = export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS)
    assert report.tolerance.relative <= 1e-9
    assert report.difference < 1e-9


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("model", CLASSIFIERS, ids=name)
def test_a_classifier_of_texts_chooses_the_same_label(
    model: Any, count: int, tmp_path: Path
) -> None:
    inputs = models.rows()
    model.fit(inputs, models.classes(inputs, count))
    export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS)
    labels = np.array(models.contract(tmp_path)["labels"])
    assert np.array_equal(labels[models.answers(tmp_path, inputs)], model.predict(inputs))


def test_labels_may_be_numbers_in_any_order(tmp_path: Path) -> None:
    inputs = models.rows()
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(inputs, np.where(models.target(inputs) > 0, -7, 40))
    export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS)
    assert models.contract(tmp_path)["labels"] == [-7, 40]
    assert set(models.answers(tmp_path, inputs).tolist()) == {0, 1}


@pytest.mark.parametrize("count", [2, 3])
def test_scores_have_the_shape_that_the_model_gives_them(count: int, tmp_path: Path) -> None:
    inputs = models.rows()
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(inputs, models.classes(inputs, count))
    export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS, method="decision_function")
    outputs = models.contract(tmp_path)["outputs"]
    assert outputs == (["decision"] if count == 2 else ["a", "b", "c"])


def test_gaps_are_filled_with_what_training_saw(tmp_path: Path) -> None:
    inputs = models.rows(missing=True)
    model = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), Ridge())
    model.fit(inputs, models.target(inputs))
    export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS)
    assert models.contract(tmp_path)["takes_missing"] == list(models.COLUMNS)
    empty = np.full((1, 4), np.nan)
    assert np.isclose(models.answers(tmp_path, empty).item(), model.predict(empty).item())


def test_an_imputer_that_adds_columns_is_refused_by_name(tmp_path: Path) -> None:
    inputs = models.rows(missing=True)
    model = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler(), Ridge())
    model.fit(inputs, models.target(inputs))
    with pytest.raises(export.CannotExport, match="SimpleImputer cannot be converted"):
        export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS)


def test_a_converter_of_skl2onnx_that_is_wrong_is_found_out(tmp_path: Path) -> None:
    """skl2onnx 1.20 makes softmax of what scikit-learn makes a logistic of."""
    inputs = models.rows()
    model = LinearDiscriminantAnalysis().fit(inputs, models.classes(inputs, 2))
    with pytest.raises(export.ExportDiffers):
        export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS, method="predict_proba")
    assert list(tmp_path.iterdir()) == []


def test_three_classes_votes_are_not_exported_as_scores(tmp_path: Path) -> None:
    inputs = models.rows()
    model = make_pipeline(StandardScaler(), SVC()).fit(inputs, models.classes(inputs, 3))
    with pytest.raises(export.CannotExport, match="by votes"):
        export.write(
            model, tmp_path, inputs=inputs, columns=models.COLUMNS, method="decision_function"
        )


@pytest.mark.parametrize("last", [Ridge(), RandomForestRegressor(3, random_state=0)], ids=str)
@pytest.mark.parametrize(
    "step",
    [
        Binarizer(threshold=0.1),
        KBinsDiscretizer(5, encode="ordinal"),
        KBinsDiscretizer(5, encode="onehot-dense"),
        KBinsDiscretizer(5, encode="onehot"),
    ],
    ids=str,
)
def test_a_number_on_an_edge_falls_on_its_librarys_side(
    step: Any, last: Any, tmp_path: Path
) -> None:
    inputs = models.rows()
    model = make_pipeline(clone(step), clone(last)).fit(inputs, models.target(inputs))
    export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS)
    edges = np.asarray(getattr(model[0], "bin_edges_", [[0.1]])[0])
    single = edges.astype(np.float32)
    beside = np.concatenate(
        [
            edges,
            np.nextafter(edges, np.inf),
            np.nextafter(edges, -np.inf),
            single,
            np.nextafter(single, np.float32(np.inf)),
            np.nextafter(single, np.float32(-np.inf)),
        ]
    ).astype(np.float64)
    asked = np.tile(inputs[:1], (len(beside), 1))
    asked[:, 0] = beside
    found = models.answers(tmp_path, asked).ravel()
    assert np.allclose(found, model.predict(asked), rtol=1e-9, atol=1e-9)
