"""The oil-price exemplar's model artifact: what training exports and inference loads.

The artifact is a folder of three files: ``model.onnx``, ``contract.json`` (a
ForecastContract) and ``origins.npz``. An origin is a (product, last known day) pair; its
features were computed once, by the training program, so the server holds no feature code
and cannot differ from it.

``origins.npz`` has four arrays per product, with one row per origin, oldest first, under
``origin_key(product, array)``: ``date`` (datetime64[D]), ``price`` (float64, currency),
``scale`` (float64, currency) and ``features`` (float64, rows × origin features).
"""

import datetime
from typing import Annotated, Literal

from pydantic import Field

from modelwharf.artifact.contract import Contract

MODEL_FILE = "model.onnx"
CONTRACT_FILE = "contract.json"
ORIGINS_FILE = "origins.npz"


def origin_key(product: str, array: str) -> str:
    """Name of a product's array in ``origins.npz``."""
    return f"{product}.{array}"


class HorizonBucket(Contract):
    """Horizons ``first``…``last`` (business days, inclusive)."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


class IntervalWidth(Contract):
    """Residual quantiles, in units of the origin's scale, for a product and bucket."""

    product: str
    bucket: HorizonBucket
    low: float
    high: float


class ForecastContract(Contract):
    """What the server needs to know about the model.

    ``feature_names`` are an origin's features, in the order of ``origins.npz``, and last
    ``horizon`` (business days), which the server adds.

    The ONNX graph maps float64 ``features`` (rows × len(feature_names)) to float64
    ``change`` (rows × 1): the price change from the origin to the requested day in units of
    the origin's ``scale`` (US dollars). Forecast = origin price + change × scale.
    """

    kind: Literal["forecast"] = "forecast"
    products: tuple[str, ...]
    feature_names: tuple[str, ...]
    horizon_days: Annotated[int, Field(ge=1)]
    interval_level: float
    intervals: tuple[IntervalWidth, ...]
    latest_origin: dict[str, datetime.date]
    currency: str = "USD"


class ForecastRequest(Contract):
    """One request. With ``as_of``, that day is taken as the last known one."""

    product: str
    date: datetime.date
    as_of: datetime.date | None = None


class Forecast(Contract):
    """One answer, prices in the contract's currency, ``horizon`` in business days."""

    product: str
    date: datetime.date
    as_of: datetime.date
    horizon: int
    forecast: float
    low: float
    high: float
    level: float
