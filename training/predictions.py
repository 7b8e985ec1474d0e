"""Examples with the model's answers, in dollars."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modelwharf.artifact.forecast import Forecast, IntervalWidth
from training.features import Examples, Floats, Integers, Origins


@dataclass(frozen=True)
class Predictions:
    """One row per example, as the server answers it: prices in dollars."""

    product_names: tuple[str, ...]
    product: Integers
    asked: NDArray[np.datetime64]
    target_date: NDArray[np.datetime64]
    horizon: Integers
    origin_price: Floats
    actual: Floats
    forecast: Floats
    low: Floats
    high: Floats
    level: float

    def __len__(self) -> int:
        return len(self.product)

    def row(self, number: int) -> Forecast:
        return Forecast(
            product=self.product_names[self.product[number]],
            date=self.target_date[number].item(),
            as_of=self.asked[number].item(),
            horizon=int(self.horizon[number]),
            forecast=float(self.forecast[number]),
            low=float(self.low[number]),
            high=float(self.high[number]),
            level=self.level,
        )


def to_predictions(
    origins: Origins,
    examples: Examples,
    change: Floats,
    widths: tuple[IntervalWidth, ...],
    level: float,
) -> Predictions:
    """Turn changes in scales into prices with intervals."""
    product = origins.product[examples.origin]
    price, scale = origins.price[examples.origin], origins.scale[examples.origin]
    forecast = price + change * scale
    low, high = _quantiles(origins.product_names, product, examples.horizon, widths)
    return Predictions(
        product_names=origins.product_names,
        product=product,
        asked=origins.date[examples.origin],
        target_date=examples.target_date,
        horizon=examples.horizon,
        origin_price=price,
        actual=examples.actual,
        forecast=forecast,
        low=forecast + low * scale,
        high=forecast + high * scale,
        level=level,
    )


def _quantiles(
    names: tuple[str, ...],
    product: Integers,
    horizon: Integers,
    widths: tuple[IntervalWidth, ...],
) -> tuple[Floats, Floats]:
    low, high = np.full(len(product), np.nan), np.full(len(product), np.nan)
    for width in widths:
        rows = (
            (product == names.index(width.product))
            & (horizon >= width.bucket.first)
            & (horizon <= width.bucket.last)
        )
        low[rows], high[rows] = width.low, width.high
    return low, high
