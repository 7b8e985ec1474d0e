"""A file's rows into days and prices, ascending; every fault of them at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from training.columns import Columns
from training.faults import Faults, cell_text
from training.notation import (
    LARGEST_PRICE,
    NOTATIONS,
    Days,
    has_decimal_commas,
    has_time,
    is_missing,
    is_month,
    read_days,
    read_price,
)
from training.table import Row

ISO = NOTATIONS[0][1]


@dataclass(frozen=True)
class Observations:
    """One entry per day, ascending: its price (NaN if missing), its line in the file."""

    days: tuple[date, ...]
    prices: NDArray[np.float64]
    lines: NDArray[np.int64]
    unread: NDArray[np.int64]
    """The lines of rows without a readable day."""


def read_observations(columns: Columns, max_missing_share: float, faults: Faults) -> Observations:
    """Read the rows, and add their faults to ``faults``.

    Of a day that stands twice, the first row counts; a row without a readable day is left out.
    """
    rows = [row for row in columns.rows if _fits(row, columns, faults)]
    days = read_days([row.cells[columns.day] for row in rows])
    _check_days(rows, days, columns.day, faults)
    unread = sorted(faults.lines)
    dated = [(day, row) for day, row in zip(days.days, rows, strict=True) if day is not None]
    if _newest_first([day for day, _ in dated]):
        dated.reverse()
    _check_order(dated, faults)
    comma = has_decimal_commas([row.cells[columns.price] for row in rows])
    prices = [_price(row, columns.price, comma, faults) for row in rows]
    _check_missing(rows, prices, max_missing_share, faults)
    by_line = {row.line: price for row, price in zip(rows, prices, strict=True)}
    ascending = sorted({day: row.line for day, row in reversed(dated)}.items())
    return Observations(
        days=tuple(day for day, _ in ascending),
        prices=np.array([by_line[line] for _, line in ascending], dtype=np.float64),
        lines=np.array([line for _, line in ascending], dtype=np.int64),
        unread=np.array(unread, dtype=np.int64),
    )


def _fits(row: Row, columns: Columns, faults: Faults) -> bool:
    """Refuse rows with more cells than the header, or fewer than the columns need."""
    if row.width > columns.width:
        faults.add(
            "long",
            row.line,
            f"has {row.width} cells, the header {columns.width}; a cell with a comma in it "
            "stands in quotes, and a number has no comma: 1234.5",
        )
        return False
    if len(row.cells) <= max(columns.day, columns.price):
        faults.add(
            "short",
            row.line,
            f"ends after {len(row.cells)} of {columns.width} cells: {cell_text(row.cells[-1])}",
        )
        return False
    return True


def _check_days(rows: Sequence[Row], days: Days, column: int, faults: Faults) -> None:
    if days.ambiguous and rows:
        faults.add(
            "ambiguous",
            rows[0].line,
            f"has the date {cell_text(rows[0].cells[column])}, and no line tells which is the "
            "month and which the day; dates are written YYYY-MM-DD",
        )
    allowed = "dates are written YYYY-MM-DD"
    if days.formats[0] != ISO:
        read = next(row for row, day in zip(rows, days.days, strict=True) if day)
        allowed += f", or all like {cell_text(read.cells[column])}"
    for row, day in zip(rows, days.days, strict=True):
        cell = row.cells[column]
        if day is None and has_time(cell):
            faults.add(
                "time",
                row.line,
                f"has a time of day, {cell_text(cell)}; a daily series has one price a day, "
                "under its date or at 00:00 of it",
            )
        elif day is None and is_month(cell):
            faults.add(
                "month",
                row.line,
                f"has the date {cell_text(cell)}, a month, not a day; a daily series has a price "
                "for each business day: download the daily one",
            )
        elif day is None:
            faults.add("date", row.line, f"has the date {cell_text(cell)}; {allowed}")


def _price(row: Row, column: int, decimal_comma: bool, faults: Faults) -> float:
    cell = row.cells[column]
    if is_missing(cell):
        return np.nan
    price = read_price(cell, decimal_comma)
    if price is None:
        allowed = "a price is a finite number, or empty for a day without one"
        if "," in cell:
            allowed = (
                "write 1234.5: a point before the decimals, and no other mark, or 1234,5 in all "
                "lines"
            )
        faults.add("price", row.line, f"has the price {cell_text(cell)}; {allowed}")
        return 0.0  # not missing
    if abs(price) > LARGEST_PRICE:
        faults.add(
            "large",
            row.line,
            f"has the price {cell_text(cell)}; a price is at most {LARGEST_PRICE:.0e} either side "
            "of zero: write it in a larger unit",
        )
    return price


def _check_missing(
    rows: Sequence[Row], prices: Sequence[float], allowed: float, faults: Faults
) -> None:
    missing = [row.line for row, price in zip(rows, prices, strict=True) if np.isnan(price)]
    share = len(missing) / max(len(rows), 1)
    if share > allowed:
        faults.note(
            f"{share:.1%} of the prices are missing (first: line {missing[0]}); "
            f"allowed are {allowed:.1%} (option max_missing_share)"
        )


def _newest_first(days: Sequence[date]) -> bool:
    falls = sum(later < day for day, later in pairwise(days))
    return 2 * falls > len(days) - 1


def _check_order(dated: Sequence[tuple[date, Row]], faults: Faults) -> None:
    for (before, above), (day, row) in pairwise(dated):
        if day == before:
            line = max(row.line, above.line)
            faults.add("twice", line, f"repeats the date {day}; a day has one price")
        elif day < before:
            faults.add(
                "order",
                row.line,
                f"({day}) is before line {above.line} ({before}); sort the rows by date",
            )
