"""The demo's real data: daily prices from the ``arch`` package.

WTI spot prices are the St. Louis Fed's series DCOILWTICO (Cushing, Oklahoma, US dollars a barrel);
the S&P 500 is its adjusted close. The files are read without an import of ``arch``, which takes
seconds to import SciPy and statsmodels.
"""

import csv
import gzip
from collections.abc import Mapping
from datetime import date, datetime
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from modelwharf.artifact.contract import Contract
from modelwharf.cli.errors import CommandError

DATE_FORMAT = "%m/%d/%Y"
MISSING = frozenset({"", "."})  # the Fed writes a dot for a holiday


class Series(Contract):
    """One CSV with the columns Date (ISO) and Price, and its last day."""

    csv: str
    last_day: date


def demo_series() -> Mapping[str, Series]:
    """Return input name → its series. Raises CommandError when ``arch`` is not installed."""
    return {
        "wti": _series("wti", column="DCOILWTICO"),
        "sp500": _series("sp500", column="Adj Close"),
    }


def _series(name: str, *, column: str) -> Series:
    """Read a series without the days that have no price (holidays): it holds only observed
    prices.
    """
    with gzip.open(_shipped(name), "rt", newline="") as file:
        rows = [(_day(row["Date"]), row[column]) for row in csv.DictReader(file)]
    prices = {day: price for day, price in rows if price not in MISSING}
    lines = [f"{day},{prices[day]}" for day in sorted(prices)]
    return Series(csv="\n".join(["Date,Price", *lines, ""]), last_day=max(prices))


def _shipped(name: str) -> Path:
    try:
        path = Path(str(distribution("arch").locate_file(f"arch/data/{name}/{name}.csv.gz")))
    except PackageNotFoundError:
        raise CommandError(
            "the demo's prices come with the package arch: `pip install arch==8.0.0`"
        ) from None
    if not path.is_file():
        raise CommandError(f"this version of the package arch has no {path}: install arch==8.0.0")
    return path


def _day(text: str) -> date:
    return datetime.strptime(text, DATE_FORMAT).date()
