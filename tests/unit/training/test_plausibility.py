"""Prices that no neighbour supports are refused by day, unless the user confirms the day."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.unit.training.walks import csv_text, series, write_raw
from training.options import Options
from training.plausibility import check_plausible, outliers
from training.prepare import prepare
from training.rejected import Rejected

# WTI at Cushing, US dollars a barrel, EIA series RWTC (public domain).
APRIL_2020 = {
    "2020-03-30": 14.1,
    "2020-03-31": 20.51,
    "2020-04-01": 20.28,
    "2020-04-02": 25.18,
    "2020-04-03": 28.36,
    "2020-04-06": 26.21,
    "2020-04-07": 23.54,
    "2020-04-08": 24.97,
    "2020-04-09": 22.9,
    "2020-04-13": 22.36,
    "2020-04-14": 20.15,
    "2020-04-15": 19.96,
    "2020-04-16": 19.82,
    "2020-04-17": 18.31,
    "2020-04-20": -36.98,
    "2020-04-21": 8.91,
    "2020-04-22": 13.64,
    "2020-04-23": 15.06,
    "2020-04-24": 15.99,
    "2020-04-27": 12.17,
    "2020-04-28": 12.4,
    "2020-04-29": 15.04,
    "2020-04-30": 19.23,
}


def april() -> pd.Series:
    return pd.Series(list(APRIL_2020.values()), index=pd.DatetimeIndex(list(APRIL_2020)))


def calm(days: int = 120, level: float = 47.0) -> pd.Series:
    random = np.random.default_rng(3)
    steps = random.normal(0, 0.7, days).cumsum()
    return pd.Series(np.round(level + steps, 2), index=pd.bdate_range("2018-01-01", periods=days))


def days_of(prices: pd.Series) -> list[date]:
    return [one.day.date() for one in outliers(series("wti", prices))]


@pytest.mark.parametrize("price", [0.0, 5600.0, 1e-7, -47.0, 4.7, 470.0])
@pytest.mark.parametrize("place", [0, 60, -1])
def test_one_price_far_from_its_neighbours_is_found(price: float, place: int) -> None:
    prices = calm()
    prices.iloc[place] = price
    assert days_of(prices) == [prices.index[place].date()]


@pytest.mark.parametrize("run", [slice(60, 62), slice(60, 65), slice(-3, None), slice(0, 2)])
def test_a_few_in_a_row_do_not_support_each_other(run: slice) -> None:
    prices = calm()
    prices.iloc[run] = 0.0
    assert days_of(prices) == [day.date() for day in prices.index[run]]


def test_wrong_prices_of_two_kinds_side_by_side_are_both_found() -> None:
    prices = calm()
    prices.iloc[60], prices.iloc[61] = 0.0, 5600.0
    assert len(days_of(prices)) == 2


def test_many_wrong_days_do_not_hide_each_other() -> None:
    prices = calm()
    prices.iloc[5:-5:7] = 0.0
    assert len(days_of(prices)) == len(prices.iloc[5:-5:7])


def test_a_negative_price_that_its_neighbours_support_passes() -> None:
    assert days_of(april()) == []


def test_the_same_price_between_days_that_did_not_move_is_found() -> None:
    prices = calm(level=18.0)
    prices.iloc[60] = -36.98
    assert days_of(prices) == [prices.index[60].date()]


def test_a_fall_by_a_third_on_the_last_day_passes() -> None:
    prices = calm(level=32.0)
    prices.iloc[-1] = prices.iloc[-2] * 0.66
    assert days_of(prices) == []


@pytest.mark.parametrize("factor", [100.0, 0.0])
def test_a_level_that_changes_at_once_is_reported_at_its_first_day(factor: float) -> None:
    prices = calm()
    prices.iloc[60:] *= factor
    assert days_of(prices) == [prices.index[60].date()]


@pytest.mark.parametrize("level", [0.0, 50.0])
def test_prices_around_zero_or_standing_still_are_plausible(level: float) -> None:
    still = pd.Series(50.1, index=pd.bdate_range("2018-01-01", periods=90))
    assert days_of(still) == []
    assert days_of(calm(level=level)) == []


def refusal(prices: pd.Series, **confirmed: object) -> str:
    with pytest.raises(Rejected) as caught:
        check(prices, **confirmed)
    return str(caught.value)


def check(prices: pd.Series, **confirmed: object) -> None:
    check_plausible([series("wti", prices)], Options.model_validate({"confirmed": confirmed}))


def with_zero() -> pd.Series:
    prices = calm()
    prices.iloc[-1] = 0.0
    return prices


def test_a_refusal_names_the_day_its_neighbours_and_how_to_confirm_it() -> None:
    prices = with_zero()
    words = refusal(prices)
    assert f"2018-06-15 has 0 ({prices.iloc[-2]:g} before)" in words
    assert '{"confirmed": {"wti": ["2018-06-15"]}}' in words
    assert "wharf config put data FILE" in words


@pytest.mark.parametrize("confirmed", [["2018-06-15"], "all"])
def test_a_confirmed_day_passes(confirmed: object) -> None:
    check(with_zero(), wti=confirmed)


def test_a_confirmed_day_confirms_no_other() -> None:
    assert "2018-06-15 has 0" in refusal(with_zero(), wti=["2018-06-14"])


def test_zeros_only_are_refused_as_such() -> None:
    assert "wti: 100% of the prices are exactly 0; where a day has no price" in refusal(calm() * 0)


def test_prepare_refuses_what_no_neighbour_supports(tmp_path: Path) -> None:
    prices = with_zero()
    with pytest.raises(Rejected, match="no neighbour supports this price"):
        prepare(write_raw(tmp_path / "a", {"wti": csv_text(prices)}))
    options = {"confirmed": {"wti": ["2018-06-15"]}}
    with pytest.raises(Rejected, match=r"^wti: 120 prices, and a first forecast needs 250"):
        prepare(write_raw(tmp_path / "b", {"wti": csv_text(prices)}, options))
