"""The demo's real data: daily prices that the ``arch`` package ships.

WTI spot prices are the St. Louis Fed's series DCOILWTICO (Cushing, Oklahoma, US dollars a
barrel); the S&P 500 is its adjusted close. This is the only module that imports ``arch``.
"""

from collections.abc import Callable, Mapping
from datetime import date

from cli.errors import Trouble
from contracts.model import Contract


class Series(Contract):
    """One CSV with the columns Date (ISO) and Price, and the last day it knows."""

    csv: str
    last_day: date


def demo_series() -> Mapping[str, Series]:
    """Return input name → its series. Raises Trouble when ``arch`` is not installed."""
    try:
        from arch.data import sp500, wti
    except ImportError:
        raise Trouble(
            "the demo's prices come with the package arch: `pip install 'modelwharf[demo]'`"
        ) from None
    return {
        "wti": _series(wti.load, "DCOILWTICO"),
        "sp500": _series(sp500.load, "Adj Close"),
    }


def _series(load: Callable[[], object], column: str) -> Series:
    """Days without a price, holidays, are dropped: a series only holds what was observed."""
    frame = load()
    prices = frame[column].dropna()  # type: ignore[index]
    lines = [f"{day:%Y-%m-%d},{price:.6g}" for day, price in prices.items()]
    return Series(csv="\n".join(["Date,Price", *lines, ""]), last_day=prices.index[-1].date())
