import numpy as np
import pandas as pd
import pytest

from tests.unit.training.walks import CRASH, dataset, series, walk
from training.features import (
    HORIZON_DAYS,
    feature_features,
    find_examples,
    find_origins,
    matrix,
    product_features,
    scale,
)
from training.rejected import Rejected


@pytest.mark.parametrize("cut", [260, 401, 555, 700])
def test_features_never_see_the_future(cut: int) -> None:
    prices = walk()
    other = prices.copy()
    other.iloc[cut:] = np.random.default_rng(cut).normal(0, 1000, len(other) - cut)
    pd.testing.assert_frame_equal(
        product_features(prices).iloc[:cut], product_features(other).iloc[:cut]
    )
    pd.testing.assert_series_equal(scale(prices).iloc[:cut], scale(other).iloc[:cut])


@pytest.mark.parametrize("cut", [100, 333])
def test_another_series_features_never_see_the_future(cut: int) -> None:
    prices, days = walk(seed=1), pd.DatetimeIndex(walk().index)
    other = prices.copy()
    other.iloc[cut:] += 500
    known = days < prices.index[cut]
    before = feature_features(series("sp500", prices), days, 10)[known]
    after = feature_features(series("sp500", other), days, 10)[known]
    pd.testing.assert_frame_equal(before, after)


def test_the_present_price_is_seen() -> None:
    prices = walk()
    other = prices.copy()
    other.iloc[-1] += 1
    assert not product_features(prices).iloc[-1].equals(product_features(other).iloc[-1])


def test_the_crash_below_zero_leaves_every_feature_finite_and_small() -> None:
    prices = walk()
    assert CRASH in prices.to_numpy()
    origins = find_origins(dataset({"wti": prices}))
    assert np.isfinite(origins.features).all()
    assert np.abs(origins.features).max() <= 5


def test_one_wild_day_hardly_moves_the_scale() -> None:
    calm = walk()
    calm.iloc[len(calm) // 2] = calm.iloc[len(calm) // 2 - 1]
    wild = walk()
    assert np.nanmax(scale(wild) / scale(calm)) < 1.5


def test_a_price_that_stands_still_has_a_scale_above_zero() -> None:
    still = pd.Series(0.0, index=pd.bdate_range("2015-01-01", periods=300))
    assert (scale(still).dropna() > 0).all()


def test_a_feature_older_than_allowed_is_not_known() -> None:
    prices = walk(days=100)
    days = pd.bdate_range(prices.index[-1], periods=20)
    known = feature_features(series("sp500", prices), days, 10).notna().all(axis=1)
    assert known.tolist() == [day - days[0] <= pd.Timedelta(days=10) for day in days]


def test_horizons_count_business_days_and_skip_days_without_a_price() -> None:
    prices = walk()
    data = dataset({"wti": prices})
    origins = find_origins(data)
    examples = find_examples(data, origins)
    asked = origins.date[examples.origin]
    assert (np.busday_count(asked, examples.target_date) == examples.horizon).all()
    assert set(examples.horizon) == set(range(1, HORIZON_DAYS + 1))
    days = pd.DatetimeIndex(examples.target_date)
    assert (prices.loc[days].to_numpy() == examples.actual).all()


def test_the_matrix_is_the_origins_features_then_the_horizon() -> None:
    data = dataset({"wti": walk(), "brent": walk(seed=1)})
    origins = find_origins(data)
    examples = find_examples(data, origins)
    rows = matrix(origins, examples)
    assert rows.shape == (len(examples), len(origins.feature_names) + 1)
    assert (rows[:, -1] == examples.horizon).all()
    one_hot = rows[:, [origins.feature_names.index(name) for name in ("is_wti", "is_brent")]]
    assert (one_hot.argmax(axis=1) == origins.product[examples.origin]).all()


def test_a_series_too_short_for_its_features_is_rejected_by_name() -> None:
    with pytest.raises(Rejected, match=r"^brent: 195 prices, and a first forecast needs 250"):
        find_origins(dataset({"wti": walk(), "brent": walk(days=200)}))
