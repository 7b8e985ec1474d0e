"""Notations of days and prices, and the ambiguous ones."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

LARGEST_PRICE = 1e12  # absolute; beyond it sums and squares lose their cents

# FRED, Yahoo, the Fed, R, Excel, pandas and the World Bank write these for a missing price.
MISSING = frozenset(
    {"", ".", "-", "null", "none", "nan", "na", "n/a", "#n/a", "nd", "..", "...", "…"}
)
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
DECIMAL_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?", re.ASCII)
NO_THOUSANDS = re.compile(r".*,(\d{1,2}|\d{4,})", re.ASCII)  # digits after it that tell
THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+\.\d+", re.ASCII)

# A notation: its pattern, and strptime's format. The whole column distinguishes month and day:
# over a year of days, one of the two exceeds 12.
NOTATIONS = (
    (re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII), "%Y-%m-%d"),
    (re.compile(r"\d{4}/\d{1,2}/\d{1,2}", re.ASCII), "%Y/%m/%d"),
    (re.compile(r"(19|20)\d{6}", re.ASCII), "%Y%m%d"),
    (re.compile(r"\d{1,2}/\d{1,2}/\d{4}", re.ASCII), "%m/%d/%Y"),
    (re.compile(r"\d{1,2}/\d{1,2}/\d{4}", re.ASCII), "%d/%m/%Y"),
    (re.compile(r"\d{1,2}-\d{1,2}-\d{4}", re.ASCII), "%m-%d-%Y"),
    (re.compile(r"\d{1,2}-\d{1,2}-\d{4}", re.ASCII), "%d-%m-%Y"),
    (re.compile(r"\d{1,2}\.\d{1,2}\.\d{4}", re.ASCII), "%d.%m.%Y"),
    (re.compile(r"[A-Z][a-z]{2} \d{1,2}, \d{4}", re.ASCII), "%b %d, %Y"),
    (re.compile(r"[A-Z][a-z]{2,8} \d{1,2}, \d{4}", re.ASCII), "%B %d, %Y"),
    (re.compile(r"\d{1,2}-[A-Za-z]{3}-\d{4}", re.ASCII), "%d-%b-%Y"),
    (re.compile(r"\d{1,2}-[A-Za-z]{3}-\d{2}", re.ASCII), "%d-%b-%y"),  # 69 is 1969, 68 is 2068
    (re.compile(r"\d{1,2} [A-Z][a-z]{2} \d{4}", re.ASCII), "%d %b %Y"),
)
MONTH = re.compile(r"\d{4}[-M/](0?[1-9]|1[0-2])", re.ASCII)
TIME = re.compile(r"(?<=\d)[T ]\d{1,2}:\d{2}.*")
MIDNIGHT = re.compile(r"[T ]00?:00(:00(\.0+)?)?( ?(Z|UTC|[+-]\d{2}:?\d{2}))?")


@dataclass(frozen=True)
class Days:
    """A column's days; None for other cells. ``formats``: those that match equally well."""

    days: tuple[date | None, ...]
    formats: tuple[str, ...]

    @property
    def ambiguous(self) -> bool:
        return len(self.formats) > 1


def is_day(cell: str) -> bool:
    """Whether the cell looks like a day, with or without a time."""
    day = TIME.sub("", cell)
    return any(pattern.fullmatch(day) for pattern, _ in NOTATIONS)


def is_month(cell: str) -> bool:
    """Whether the cell is a month without a day: 1960M01, 2026-04."""
    return MONTH.fullmatch(cell) is not None


def is_date(cell: str) -> bool:
    """Whether a table's rows may begin with the cell."""
    return is_day(cell) or is_month(cell)


def has_time(cell: str) -> bool:
    """Whether the cell has a time of day other than midnight."""
    time = TIME.search(cell)
    return time is not None and not MIDNIGHT.fullmatch(time[0])


def read_days(cells: Sequence[str]) -> Days:
    """Read the column in the one notation that reads most of it.

    Notations with the month's name count as one, because they cannot be confused. A midnight, in
    any time zone, belongs to the written day.
    """
    readings: dict[str, tuple[date | None, ...]] = {}
    for pattern, form in NOTATIONS:
        found = tuple(_day(cell, pattern, form) for cell in cells)
        if any(found):
            readings[form] = found
    named = {form: found for form, found in readings.items() if "%b" in form.lower()}
    together = zip(*named.values(), strict=True)
    readings |= dict.fromkeys(named, tuple(next(filter(None, one), None) for one in together))
    if not readings:
        return Days((None,) * len(cells), (NOTATIONS[0][1],))
    most = max(len(cells) - found.count(None) for found in readings.values())
    best = {
        form: found for form, found in readings.items() if len(cells) - found.count(None) == most
    }
    first = next(iter(best.values()))
    differing = tuple(form for form, found in best.items() if found != first)
    return Days(first, (next(iter(best)), *differing))


def _day(cell: str, pattern: re.Pattern[str], form: str) -> date | None:
    day = cell
    time = TIME.search(cell)
    if time is not None and MIDNIGHT.fullmatch(time[0]):
        day = cell[: time.start()]
    if not pattern.fullmatch(day):
        return None
    try:
        return datetime.strptime(day, form).date()
    except ValueError:
        return None


def is_missing(cell: str) -> bool:
    return cell.lower() in MISSING


def has_decimal_commas(cells: Sequence[str]) -> bool:
    """Whether the column has decimal commas: 61,06 and 1.234,50.

    Every price must match that, and at least one must match nothing else: 1,234 alone is ambiguous.
    """
    prices = [_unsigned(cell) for cell in cells if not is_missing(cell)]
    return all(map(DECIMAL_COMMA.fullmatch, prices)) and any(map(NO_THOUSANDS.fullmatch, prices))


def read_price(cell: str, decimal_comma: bool = False) -> float | None:
    """The number; None if the text is not a finite number.

    A currency sign before it is ignored, and so are commas between thousands if a point follows;
    1,234 alone is ambiguous. With ``decimal_comma`` the roles are exchanged.
    """
    text = _unsigned(cell)
    if decimal_comma:
        text = text.replace(".", "").replace(",", ".")
    elif THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    if not NUMBER.fullmatch(text):
        return None
    price = float(text)
    return price if math.isfinite(price) else None


def _unsigned(cell: str) -> str:
    return cell.lstrip("$€£")
