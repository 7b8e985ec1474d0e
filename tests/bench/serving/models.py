"""The three models that every stack serves, trained on the spot, and the rows that it is asked."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

Rows = NDArray[np.float64]

NAMES = ("hgb", "rf", "ridge")
LABELS = {
    "hgb": "HistGradientBoosting, 200 iterations",
    "rf": "random forest, 100 trees of depth 12",
    "ridge": "StandardScaler and Ridge",
}
LAGS = 20
COLUMNS = tuple(f"lag_{lag}" for lag in range(LAGS, 0, -1))
TRAINED = 4900  # rows
ASKED = 10_000  # rows
SEED = 0


@dataclass(frozen=True)
class Model:
    """A trained model where the stacks find it.

    ``library`` is the joblib file that the peers load; ``base`` the folder that our server takes
    for ``/opt/ml``, with the exported artifact in ``base/model``.
    """

    name: str
    estimator: Any
    library: Path
    base: Path

    @property
    def artifact(self) -> Path:
        """The folder that ``export`` wrote."""
        return self.base / "model"


def prices(days: int, seed: int = SEED) -> NDArray[np.float64]:
    """A walk like that of an oil price, in dollars and cents; it is drawn back to 65."""
    steps = np.random.default_rng(seed).normal(0, 0.02, days)
    walk = np.empty(days)
    walk[0] = 60
    for day in range(1, days):
        pull = 0.002 * np.log(65 / walk[day - 1])
        walk[day] = max(12, walk[day - 1] * np.exp(steps[day] + pull))
    return np.round(walk, 2)


def lagged(series: NDArray[np.float64]) -> tuple[Rows, NDArray[np.float64]]:
    """Rows of the last LAGS prices, the newest last, and the price that came next."""
    windows = np.lib.stride_tricks.sliding_window_view(series, LAGS)[:-1]
    return windows.copy(), series[LAGS:]


def estimators() -> dict[str, Any]:
    """Untrained, by NAMES."""
    return {
        "hgb": HistGradientBoostingRegressor(max_iter=200, early_stopping=False, random_state=SEED),
        "rf": RandomForestRegressor(100, max_depth=12, random_state=SEED),
        "ridge": make_pipeline(StandardScaler(), Ridge(1.0)),
    }


def train(folder: Path, names: tuple[str, ...] = NAMES) -> tuple[list[Model], Rows]:
    """Train and write what the stacks load; the models, and ASKED rows none of them has seen."""
    rows, answers = lagged(prices(TRAINED + ASKED + LAGS))
    asked = rows[TRAINED:]
    models = []
    for name in names:
        estimator = estimators()[name].fit(rows[:TRAINED], answers[:TRAINED])
        base = folder / name
        base.mkdir(parents=True, exist_ok=True)
        library = base / "model.joblib"
        joblib.dump(estimator, library)
        models.append(Model(name, estimator, library, base))
    return models, asked
