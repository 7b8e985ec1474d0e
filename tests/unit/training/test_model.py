import numpy as np

from tests.unit.training.walks import dataset, walk
from training.features import changes, find_examples, find_origins, matrix
from training.hyperparameters import Hyperparameters
from training.model import DriftRegressor, calibrate
from training.split import split


def random_rows(count: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.column_stack([random.normal(size=(count, 3)), random.integers(1, 31, count)])


def test_a_drift_that_is_there_is_learned() -> None:
    rows = random_rows(5000)
    truth = np.sqrt(rows[:, -1] / 30) * (rows[:, :3] @ [2.0, 0.0, -1.0])
    model = DriftRegressor(shrinkage=1e-6).fit(rows, truth)
    np.testing.assert_allclose(model.predict(rows), truth, atol=1e-3)


def test_much_shrinkage_is_the_random_walk() -> None:
    rows = random_rows(500)
    model = DriftRegressor(shrinkage=1e6).fit(rows, rows[:, 0])
    assert np.abs(model.predict(rows)).max() < 1e-4


def test_shrinkage_means_the_same_for_twice_the_data() -> None:
    rows = random_rows(500)
    once = DriftRegressor().fit(rows, rows[:, 0])
    twice = DriftRegressor().fit(np.vstack([rows, rows]), np.tile(rows[:, 0], 2))
    np.testing.assert_allclose(once.coef_, twice.coef_, rtol=1e-9)


def test_one_wild_answer_does_not_steer_the_fit() -> None:
    rows = random_rows(2000)
    calm = rows[:, 0].copy()
    wild = calm.copy()
    wild[5] = -1e6
    fits = [DriftRegressor().fit(rows, target) for target in (calm, wild)]
    np.testing.assert_allclose(fits[0].coef_, fits[1].coef_, atol=0.05)


def test_intervals_hold_their_share_of_the_calibration_rows_and_never_narrow() -> None:
    data = dataset({"wti": walk(days=1500)})
    origins = find_origins(data)
    parts = split(origins, find_examples(data, origins), Hyperparameters())
    predicted = np.zeros(len(parts.calibration))
    widths = calibrate(origins, parts.calibration, predicted, 0.8)
    residual = changes(origins, parts.calibration)
    for width in widths:
        here = residual[parts.calibration.horizon == width.bucket.first]
        assert np.mean((width.low <= here) & (here <= width.high)) >= 0.8
    low, high = [width.low for width in widths], [width.high for width in widths]
    assert low == sorted(low, reverse=True)
    assert high == sorted(high)


def test_the_model_takes_what_features_make() -> None:
    data = dataset({"wti": walk()})
    origins = find_origins(data)
    examples = find_examples(data, origins)
    rows = matrix(origins, examples)
    model = DriftRegressor().fit(rows, changes(origins, examples))
    assert np.isfinite(model.predict(rows)).all()
