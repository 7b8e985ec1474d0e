from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from modelwharf.contracts.parameters import Quality
from tests.unit.training.walks import dataset
from training.export import runner, to_onnx
from training.features import Origins, changes, find_examples, find_origins, matrix
from training.hyperparameters import Hyperparameters
from training.model import DriftRegressor, root
from training.split import Split, split
from training.trust import MINIMUM_BLOCKS, Trust, choose_trust

REACH = Hyperparameters().reach
(RULE,) = (rule for rule in Quality().rules if rule.metric == "skill")


def returning(days: int, seed: int, *, memory: float = 1.0, drift: float = 0.0) -> pd.Series:
    """A price that keeps ``memory`` of its distance from 60 a day; 1 is a random walk."""
    steps = np.random.default_rng(seed).normal(drift, 1, days)
    distance = np.empty(days)
    last = 0.0
    for day, step in enumerate(steps):
        last = memory * last + step
        distance[day] = last
    return pd.Series(60 + distance, index=pd.bdate_range("2015-01-01", periods=days))


def plain(days: int, seed: int) -> pd.Series:
    return returning(days, seed)


def trending(days: int, seed: int) -> pd.Series:
    return returning(days, seed, drift=0.05)


def reverting(days: int, seed: int) -> pd.Series:
    return returning(days, seed, memory=0.98)


def fitted(prices: pd.Series) -> tuple[DriftRegressor, Origins, Split]:
    data = dataset({"wti": prices})
    origins = find_origins(data)
    parts = split(origins, find_examples(data, origins), Hyperparameters())
    rows, change = matrix(origins, parts.training), changes(origins, parts.training)
    return DriftRegressor().fit(rows, change), origins, parts


def trusted(prices: pd.Series, reach: float = REACH) -> tuple[Trust, float]:
    """What is chosen, and the skill on the holdout that comes of it."""
    model, origins, parts = fitted(prices)
    trust = choose_trust(model, origins, parts.calibration, reach)
    predicted = model.trusted(trust.weight, trust.limit).predict(matrix(origins, parts.holdout))
    change = changes(origins, parts.holdout)
    dollars = origins.scale[parts.holdout.origin]
    return trust, float(
        1 - (np.abs(change - predicted) * dollars).sum() / (np.abs(change) * dollars).sum()
    )


@pytest.mark.parametrize("made", [plain, trending, reverting])
@pytest.mark.parametrize("days", [600, 900, 1500])
def test_no_short_series_fails_the_default_gate_by_luck(
    made: Callable[[int, int], pd.Series], days: int
) -> None:
    assert RULE.minimum is not None
    assert min(trusted(made(days, seed))[1] for seed in range(10)) >= RULE.minimum


def test_what_can_be_forecast_is_trusted_as_far_as_the_reach_allows() -> None:
    prices = returning(1500, 3, memory=0.8)
    near, far = trusted(prices), trusted(prices, reach=10)
    assert near[0].weight > 0
    assert 0 < near[1] <= REACH
    assert far[1] > 2 * near[1]


def test_too_few_blocks_leave_the_random_walk() -> None:
    trust, skill = trusted(returning(600, 3, memory=0.8))
    assert trust.blocks < MINIMUM_BLOCKS
    assert (trust.weight, skill) == (0, 0)


def test_a_fit_that_points_the_wrong_way_has_no_weight() -> None:
    model, origins, parts = fitted(returning(1500, 3, memory=0.8))
    model.coef_ = -model.coef_
    assert choose_trust(model, origins, parts.calibration, REACH).weight == 0


def test_the_gain_of_a_chosen_weight_is_more_than_its_error() -> None:
    chosen = [trusted(reverting(1500, seed))[0] for seed in range(8)]
    assert any(trust.weight for trust in chosen)
    assert all(trust.gain > trust.error for trust in chosen if trust.weight)


def test_the_holdout_has_no_say() -> None:
    prices = reverting(1500, 1)
    model, origins, parts = fitted(prices)
    changed = prices.copy()
    changed[changed.index >= pd.Timestamp(parts.holdout_start)] += 30
    again = fitted(changed)
    assert choose_trust(model, origins, parts.calibration, REACH) == choose_trust(
        again[0], again[1], again[2].calibration, REACH
    )


@pytest.mark.parametrize("weight", [0.0, 0.35, 1.0])
def test_no_forecast_departs_further_than_the_limit_in_model_and_graph(weight: float) -> None:
    random = np.random.default_rng(0)
    rows = np.column_stack([random.normal(size=(2000, 4)), random.integers(1, 31, 2000)])
    model = DriftRegressor(0.1).fit(rows, rows[:, 0] * 9 - rows[:, 1]).trusted(weight, 0.7)
    predicted = model.predict(rows)
    assert np.abs(predicted / root(rows)).max() == pytest.approx(0.7 if weight else 0)
    np.testing.assert_allclose(runner(to_onnx(model))(rows), predicted, rtol=0, atol=1e-12)


def test_weight_zero_is_the_random_walk_to_the_last_bit() -> None:
    model, origins, parts = fitted(plain(900, 0))
    rows = matrix(origins, parts.holdout)
    assert not runner(to_onnx(model.trusted(0, 0.5)))(rows).any()
