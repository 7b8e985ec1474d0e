"""Prices that their neighbours do not support: a 0 between two days at 47, a 5600, a 1e-7.

A price far from its neighbours is a fault of the file, or a real event. Two measures of each
product distinguish them:

- the usual move: the median absolute change of the surrounding days, so that a few wrong days hide
  no other. In 36 years of WTI and Brent only 2020-04-20 differs by seven usual moves from both of
  its neighbours. A 0 differs by 77 in the median.
- the neighbours' own move. After 2020-04-20, at -36.98, WTI did not return to the previous day's
  18.31, but to 8.91: it differs by less than five times that move. A 0 in a file differs by a
  hundred times its neighbours' move.

The ends of a series have neighbours on one side only, so they are compared with the last days. A
level that changes and stays, such as cents after dollars, is reported at its first day.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.options import Options
from training.rejected import Rejected, in_options
from training.series import Series

Floats = NDArray[np.float64]

WINDOW = 20  # prices on either side, for the usual move and the level
LONGEST_RUN = 5  # prices in a row that may be wrong together
NEAR = 5  # prices with which an end, or a new level, is compared
USUAL_MOVES = 10.0
NEIGHBOURS_MOVES = 6.5
SHARE_OF_LEVEL = 0.25  # between neighbours
SHARE_AT_ENDS = 0.5  # at an end; WTI fell by a third on 1991-01-17
SHARE_OF_NEW_LEVEL = 0.75  # cents after dollars, zeros to the end
SHOWN = 5  # days of one series


@dataclass(frozen=True)
class Outlier:
    """A price without support; ``before`` and ``after`` are the nearest supported prices."""

    day: pd.Timestamp
    price: float
    before: float | None
    after: float | None

    def in_words(self) -> str:
        sides = [f"{price:g} {side}" for side, price in self._sides() if price is not None]
        return f"{self.day:%Y-%m-%d} has {self.price:g} ({', '.join(sides)})"

    def _sides(self) -> tuple[tuple[str, float | None], ...]:
        return ("before", self.before), ("after", self.after)


def check_plausible(every: Sequence[Series], options: Options) -> None:
    """Raises Rejected with the implausible days of every series, and how to confirm them."""
    findings = []
    for series in every:
        confirmed = options.confirmed.get(series.name, ())
        if confirmed == "all":
            continue
        zeros = float((series.prices == 0).mean())
        if zeros > options.max_missing_share:
            confirm = in_options({"confirmed": {series.name: "all"}})
            findings.append(
                f"{series.name}: {zeros:.0%} of the prices are exactly 0; where a day has no "
                f"price, leave it empty, or confirm them {confirm}"
            )
            continue
        found = [one for one in outliers(series) if one.day.date() not in confirmed]
        if found:
            findings.append(_finding(series.name, found))
    if findings:
        raise Rejected("; ".join(findings))


def _finding(name: str, found: list[Outlier]) -> str:
    shown = "; ".join(one.in_words() for one in found[:SHOWN])
    more = f" and {len(found) - SHOWN} more days" if len(found) > SHOWN else ""
    days: object = [f"{one.day:%Y-%m-%d}" for one in found]
    if len(found) > SHOWN:
        days = "all"
    confirmed = in_options({"confirmed": {name: days}})
    return (
        f"{name}: no neighbour supports {'this price' if len(found) == 1 else 'these prices'}: "
        f"{shown}{more}; mend the file, or, if {'it is' if len(found) == 1 else 'they are'} "
        f"right, confirm {'it' if len(found) == 1 else 'them'} {confirmed}"
    )


def outliers(series: Series) -> tuple[Outlier, ...]:
    """The prices without support, by day."""
    prices = series.prices.to_numpy(np.float64)
    wrong = np.zeros(len(prices), dtype=bool)
    for length in range(1, LONGEST_RUN + 1):
        for start in _candidates(prices, length):
            if _stands_out(prices, start, start + length):
                wrong[start : start + length] = True
    found = [_outlier(series, place, wrong) for place in np.flatnonzero(wrong).tolist()]
    if not found:
        found = [_outlier(series, place, wrong) for place in _new_levels(prices)]
    return tuple(found)


def _candidates(prices: Floats, length: int) -> list[int]:
    """Return where a run may begin.

    The price before a run differs from its first price by more than half of SHARE_OF_LEVEL of the
    level; half, because the level includes the run itself. A run may also begin the series.
    """
    if len(prices) < 2 * length + 1:
        return []
    level = pd.Series(np.abs(prices)).rolling(2 * WINDOW + 1, center=True, min_periods=1).median()
    far = np.abs(np.diff(prices)) > SHARE_OF_LEVEL / 2 * level.to_numpy()[1:]
    starts = [0, *(np.flatnonzero(far) + 1).tolist()]
    return [start for start in starts if start + length <= len(prices)]


def _stands_out(prices: Floats, start: int, end: int) -> bool:
    """Whether the run, without its own moves, is far from its neighbours."""
    before, after = prices[max(0, start - WINDOW - 1) : start], prices[end : end + WINDOW + 1]
    moves = np.abs(np.concatenate([np.diff(before), np.diff(after)]))
    level = float(np.median(np.abs(np.concatenate([before, after]))))
    run = prices[start:end]
    if len(before) and len(after):
        sides = np.array([before[-1], after[0]])
        # Scaled to one price: a random walk grows with the square root of time.
        meanwhile = float(np.ptp(sides)) * (2 / (end - start + 1)) ** 0.5
        share = SHARE_OF_LEVEL
    else:
        sides = before[-NEAR:] if len(before) else after[:NEAR]
        meanwhile = 0.0
        share = SHARE_AT_ENDS
    usual = float(np.median(moves)) if len(moves) else 0.0
    distance = float(np.maximum(sides.min() - run, run - sides.max()).min())
    return bool(distance > max(USUAL_MOVES * usual, NEIGHBOURS_MOVES * meanwhile, share * level))


def _new_levels(prices: Floats) -> Iterator[int]:
    """Where the prices of NEAR days are far from those of the NEAR days before."""
    if len(prices) < 2 * NEAR:
        return
    days = np.lib.stride_tricks.sliding_window_view(prices, NEAR)
    before, after = days[:-NEAR], days[NEAR:]
    distance = np.maximum(
        after.min(axis=1) - before.max(axis=1), before.min(axis=1) - after.max(axis=1)
    )
    level = np.maximum(np.median(np.abs(before), axis=1), np.median(np.abs(after), axis=1))
    for place in np.flatnonzero(distance > SHARE_OF_NEW_LEVEL * level) + NEAR:
        moves = np.concatenate(
            [
                np.diff(prices[max(0, place - WINDOW - 1) : place]),
                np.diff(prices[place : place + WINDOW + 1]),
            ]
        )
        if distance[place - NEAR] > USUAL_MOVES * np.median(np.abs(moves)):
            yield int(place)


def _outlier(series: Series, place: int, wrong: NDArray[np.bool_]) -> Outlier:
    right = np.flatnonzero(~wrong)
    before, after = right[right < place], right[right > place]
    prices = series.prices
    return Outlier(
        day=prices.index[place],
        price=float(prices.iloc[place]),
        before=float(prices.iloc[before[-1]]) if len(before) else None,
        after=float(prices.iloc[after[0]]) if len(after) else None,
    )
