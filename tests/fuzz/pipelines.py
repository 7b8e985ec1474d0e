"""Random pipelines of scikit-learn's, some of whose columns refuse what others take."""

import warnings
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    BaggingRegressor,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
    VotingRegressor,
)
from sklearn.feature_selection import SelectKBest, VarianceThreshold, f_regression
from sklearn.impute import KNNImputer, MissingIndicator, SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    PolynomialFeatures,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

Rows = np.ndarray[Any, np.dtype[np.float64]]

TRAINING_ROWS = 200
WIDEST = 6  # columns
DEEPEST = 2  # transformers of columns in each other
GAPS = 0.2  # of a column that has gaps
FALLBACKS = 0.2  # of the pipelines


def without_gaps(rows: Rows) -> Rows:
    """Fills gaps and infinities: takes what no other step does."""
    return np.nan_to_num(rows, posinf=1e6, neginf=-1e6)


def one_gap_at_most(rows: Rows) -> Rows:
    """Refuses a row for two gaps together."""
    if (np.isnan(rows).sum(axis=1) > 1).any():
        raise ValueError("two values are missing")
    return np.nan_to_num(rows)


def bins_looked_up(rows: Rows) -> Rows:
    """As people's own functions fail: not with ValueError."""
    names = {-1.0: 1.0, 0.0: 2.0, 1.0: 3.0}
    return np.array([[names[value] for value in row] for row in np.sign(rows).tolist()])


FUNCTIONS = (without_gaps, one_gap_at_most, bins_looked_up, np.tanh)
STEPS = (
    lambda: SimpleImputer(),
    lambda: SimpleImputer(strategy="median"),
    lambda: SimpleImputer(strategy="constant", fill_value=1.5),
    lambda: make_pipeline(SimpleImputer(), StandardScaler()),
    lambda: make_pipeline(SimpleImputer(), PolynomialFeatures(2)),
    lambda: FeatureUnion([("filled", SimpleImputer()), ("scaled", MinMaxScaler())]),
    lambda: SimpleImputer(add_indicator=True),
    lambda: SimpleImputer(missing_values=-1.0),
    lambda: FeatureUnion([("filled", SimpleImputer()), ("gaps", MissingIndicator())]),
    lambda: KNNImputer(n_neighbors=2),
    lambda: QuantileTransformer(n_quantiles=20),
    lambda: OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    StandardScaler,
    MinMaxScaler,
    MaxAbsScaler,
    RobustScaler,
    FunctionTransformer,
    lambda: FunctionTransformer(validate=True),
    Binarizer,
    lambda: KBinsDiscretizer(3, encode="ordinal", quantile_method="averaged_inverted_cdf"),
    lambda: PolynomialFeatures(2),
    lambda: PCA(1),
    VarianceThreshold,
    lambda: SelectKBest(f_regression, k=1),
)
REGRESSORS = (
    Ridge,
    lambda: GradientBoostingRegressor(n_estimators=3),
    lambda: HistGradientBoostingRegressor(max_iter=3),
    lambda: RandomForestRegressor(3, max_depth=4),
    lambda: KNeighborsRegressor(3),
    lambda: BaggingRegressor(Ridge(), 2, max_features=0.5),
    lambda: VotingRegressor(
        [("line", make_pipeline(SimpleImputer(), Ridge())), ("trees", RandomForestRegressor(2))]
    ),
)
CLASSIFIERS = (LogisticRegression, lambda: HistGradientBoostingClassifier(max_iter=3))


class Pipelines:
    """One after the other, each of the random numbers' choice."""

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random

    def trained(self) -> tuple[Any, Rows]:
        """A pipeline, and the rows that it learned from."""
        while True:
            rows, numbers = self._data()
            target: np.ndarray = numbers
            model = make_pipeline(self._columns(rows.shape[1], DEEPEST), self._last())
            if hasattr(model[-1], "classes_") or "Classifier" in type(model[-1]).__name__:
                target = target > np.median(target)
            if isinstance(model[-1], LogisticRegression):
                target = np.where(target > np.median(target), "up", "down")
            for asked in (rows, np.where(np.isnan(rows), 0.5, rows)):
                try:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        return model.fit(asked, target), asked
                except Exception:  # noqa: S112 - most of chance's pipelines take no gaps, some nothing
                    continue

    def _data(self) -> tuple[Rows, Rows]:
        random = self._random
        width = int(random.integers(1, WIDEST + 1))
        rows = random.normal(size=(TRAINING_ROWS, width)) * 10.0 ** random.integers(-2, 3, width)
        target = rows @ random.normal(size=width)
        gaps = random.random(rows.shape) < GAPS
        rows[gaps & (random.random(width) < 0.3)] = np.nan
        return rows, target

    def _last(self) -> Any:
        models = (*REGRESSORS, *REGRESSORS, *CLASSIFIERS)
        return models[self._random.integers(len(models))]()

    def _columns(self, width: int, deep: int) -> Any:
        """A ColumnTransformer of some of the columns, in any order."""
        random = self._random
        left = random.permutation(width).tolist()
        steps: list[tuple[str, Any, list[int]]] = []
        while left and random.random() < 0.8:
            count = int(random.integers(1, len(left) + 1))
            chosen, left = left[:count], left[count:]
            steps.append((f"step{len(steps)}", self._step(count, deep), chosen))
        rest = "passthrough" if random.random() < 0.6 or not steps else "drop"
        return ColumnTransformer(steps, remainder=rest)

    def _step(self, width: int, deep: int) -> Any:
        random = self._random
        chance = random.random()
        if chance < 0.1:
            return "passthrough"
        if chance < 0.15:
            return "drop"
        if deep and chance < 0.35:
            return self._columns(width, deep - 1)
        if chance < 0.35 + FALLBACKS / 4:
            return FunctionTransformer(FUNCTIONS[random.integers(len(FUNCTIONS))])
        return STEPS[random.integers(len(STEPS))]()
