"""The features of a day, which no later day can change.

Every feature is a difference of prices divided by a scale in dollars. There is no logarithm or
ratio of prices, because oil's price has been negative.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.rejected import Rejected
from training.series import Dataset, Series

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Days = NDArray[np.datetime64]

HORIZON_DAYS = 30  # business days
HORIZON_FEATURE = "horizon"

# Windows, in observations: a day, a week, a month, a quarter, half a year.
PRODUCT_WINDOWS = (1, 5, 20, 60, 120)
FEATURE_WINDOWS = (1, 5, 20)
LEVEL_WINDOW = 250  # about a year
SCALE_WINDOW = 60
SHORT_SCALE_WINDOW = 20
CLIP = 5.0  # scales; one extreme day must not outweigh a year


@dataclass(frozen=True)
class Origins:
    """Every (product, day) from which a forecast can be asked, one row each.

    Within a product, rows ascend by date. ``price`` and ``scale`` are in dollars; ``features`` has
    one column per name in ``feature_names``.
    """

    product_names: tuple[str, ...]
    feature_names: tuple[str, ...]
    product: Integers
    date: Days
    price: Floats
    scale: Floats
    features: Floats

    def of(self, product: int) -> NDArray[np.bool_]:
        """The rows of each product."""
        mask: NDArray[np.bool_] = self.product == product
        return mask


@dataclass(frozen=True)
class Examples:
    """Examples with known answers: the origin's row, the horizon, the price on that day.

    ``horizon`` counts business days (Monday to Friday, as ``numpy.busday_offset``). Days without a
    price, such as holidays, have no example.
    """

    origin: Integers
    horizon: Integers
    target_date: Days
    actual: Floats

    def __len__(self) -> int:
        return len(self.origin)

    def select(self, rows: NDArray[np.bool_] | Integers) -> "Examples":
        return Examples(
            self.origin[rows], self.horizon[rows], self.target_date[rows], self.actual[rows]
        )


def scale(prices: pd.Series, window: int = SCALE_WINDOW) -> pd.Series:
    """A usual day's absolute change over the past ``window`` prices, in dollars; never zero.

    The median, so that a crash does not widen it for months. A quarter of the mean and a
    ten-thousandth of the price are floors, for series that stand still on most days.
    """
    change = prices.diff().abs().rolling(window)
    level = prices.abs().rolling(window).median()
    floor = np.maximum(change.mean() / 4, 1e-4 * level).clip(lower=1e-9)
    return pd.Series(np.maximum(change.median(), floor), index=prices.index)


def product_features(prices: pd.Series) -> pd.DataFrame:
    """A product's own past: momentum, distance from its level, volatility."""
    usual = scale(prices)
    columns = {f"momentum_{window}": _momentum(prices, usual, window) for window in PRODUCT_WINDOWS}
    distance = prices - prices.rolling(LEVEL_WINDOW).median()
    columns[f"level_{LEVEL_WINDOW}"] = _clipped(distance / (usual * np.sqrt(LEVEL_WINDOW)))
    columns["unrest"] = _clipped(scale(prices, SHORT_SCALE_WINDOW) / usual - 1)
    return pd.DataFrame(columns)


def feature_features(series: Series, days: pd.DatetimeIndex, max_gap_days: int) -> pd.DataFrame:
    """Another series' momentum as known at the end of each of ``days``.

    If that series has no price on a day, the last one counts, if it is at most ``max_gap_days``
    old.
    """
    usual = scale(series.prices)
    columns = {
        f"{series.name}_{window}": _momentum(series.prices, usual, window)
        for window in FEATURE_WINDOWS
    }
    return pd.DataFrame(columns).reindex(
        days, method="ffill", tolerance=pd.Timedelta(days=max_gap_days)
    )


def _momentum(prices: pd.Series, usual: pd.Series, window: int) -> pd.Series:
    return _clipped(prices.diff(window) / (usual * np.sqrt(window)))


def _clipped(values: pd.Series) -> pd.Series:
    return values.clip(-CLIP, CLIP)


def find_origins(dataset: Dataset) -> Origins:
    """Every day of every product on which all features are known.

    Raises Rejected with the products that have none.
    """
    tables, findings = [], []
    for number, product in enumerate(dataset.products):
        try:
            tables.append(_origin_table(product, number, dataset))
        except Rejected as error:
            findings.append(str(error))
    if findings:
        raise Rejected("; ".join(findings))
    table = pd.concat(tables)
    names = tuple(column for column in table.columns if column not in ("product", "price", "scale"))
    return Origins(
        product_names=tuple(one.name for one in dataset.products),
        feature_names=names,
        product=table["product"].to_numpy(np.int64),
        date=table.index.to_numpy().astype("datetime64[D]"),
        price=table["price"].to_numpy(np.float64),
        scale=table["scale"].to_numpy(np.float64),
        features=np.ascontiguousarray(table[list(names)].to_numpy(np.float64)),
    )


def _origin_table(product: Series, number: int, dataset: Dataset) -> pd.DataFrame:
    days = pd.DatetimeIndex(product.prices.index)
    parts = [product_features(product.prices)]
    parts += [feature_features(one, days, dataset.options.max_gap_days) for one in dataset.features]
    table = pd.concat(parts, axis=1)
    for other, one in enumerate(dataset.products):
        table[f"is_{one.name}"] = float(other == number)
    table = table.assign(product=number, price=product.prices, scale=scale(product.prices))
    table = table.dropna()
    if table.empty:
        raise Rejected(_no_origin(product, dataset.features))
    return table


def _no_origin(product: Series, features: tuple[Series, ...]) -> str:
    if len(product.prices) < LEVEL_WINDOW:
        return (
            f"{product.name}: {len(product.prices)} prices, and a first forecast needs "
            f"{LEVEL_WINDOW}; bring more history"
        )
    needed = SCALE_WINDOW + 1
    had = ", ".join(f"{one.name}: {_span(one)}" for one in features)
    return (
        f"{product.name}: {_span(product)}, and on no day from the {LEVEL_WINDOW}th of them on has "
        f"each feature {needed} prices behind it ({had}); bring the same years of all series"
    )


def _span(series: Series) -> str:
    days = series.prices.index
    return f"{len(days)} prices from {days[0]:%Y-%m-%d} to {days[-1]:%Y-%m-%d}"


def find_examples(dataset: Dataset, origins: Origins) -> Examples:
    """Each origin with each horizon whose day has a price."""
    parts = [
        _product_examples(product.prices, np.flatnonzero(origins.of(number)), origins)
        for number, product in enumerate(dataset.products)
    ]
    return Examples(
        origin=np.concatenate([part.origin for part in parts]),
        horizon=np.concatenate([part.horizon for part in parts]),
        target_date=np.concatenate([part.target_date for part in parts]),
        actual=np.concatenate([part.actual for part in parts]),
    )


def _product_examples(prices: pd.Series, rows: Integers, origins: Origins) -> Examples:
    horizons = np.arange(1, HORIZON_DAYS + 1)
    origin = np.repeat(rows, len(horizons))
    horizon = np.tile(horizons, len(rows))
    target: Days = np.busday_offset(origins.date[origin], horizon)
    actual = prices.reindex(pd.DatetimeIndex(target)).to_numpy(np.float64)
    examples = Examples(origin, horizon, target, actual)
    return examples.select(~np.isnan(actual))


def matrix(origins: Origins, examples: Examples) -> Floats:
    """The model's input: rows × (the origin's features, then the horizon), float64."""
    return np.column_stack([origins.features[examples.origin], examples.horizon.astype(np.float64)])


def changes(origins: Origins, examples: Examples) -> Floats:
    """The model's target: the change of price in units of the origin's scale."""
    change = examples.actual - origins.price[examples.origin]
    scaled: Floats = change / origins.scale[examples.origin]
    return scaled
