"""How people write days and prices, and what cannot be told from it."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

LARGEST_PRICE = 1e12  # either side of zero; beyond it sums and squares lose their cents

# FRED, Yahoo, the Fed, R, Excel and pandas, for a day without a price.
MISSING = frozenset({"", ".", "-", "null", "none", "nan", "na", "n/a", "#n/a", "nd"})
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+\.\d+", re.ASCII)

# A notation: what it looks like, and strptime's format. Month and day are told apart by the
# whole column: over a year of days, one of the two is beyond 12.
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
    (re.compile(r"\d{1,2}-[A-Z][a-z]{2}-\d{4}", re.ASCII), "%d-%b-%Y"),
    (re.compile(r"\d{1,2} [A-Z][a-z]{2} \d{4}", re.ASCII), "%d %b %Y"),
)
TIME = re.compile(r"(?<=\d)[T ]\d{1,2}:\d{2}.*")
MIDNIGHT = re.compile(r"[T ]00?:00(:00(\.0+)?)?( ?(Z|UTC|[+-]\d{2}:?\d{2}))?")


@dataclass(frozen=True)
class Days:
    """A column's days; None where the cell is none. ``formats``: those that fit equally well."""

    days: tuple[date | None, ...]
    formats: tuple[str, ...]

    @property
    def ambiguous(self) -> bool:
        return len(self.formats) > 1


def is_day(cell: str) -> bool:
    """Whether the cell looks like a day, with or without a time."""
    day = TIME.sub("", cell)
    return any(pattern.fullmatch(day) for pattern, _ in NOTATIONS)


def has_time(cell: str) -> bool:
    """Whether the cell has a time of day other than midnight."""
    time = TIME.search(cell)
    return time is not None and not MIDNIGHT.fullmatch(time[0])


def read_days(cells: Sequence[str]) -> Days:
    """Read the column in the one notation that reads most of it.

    A midnight, in whatever zone, belongs to the day as it is written.
    """
    readings: dict[str, tuple[date | None, ...]] = {}
    for pattern, form in NOTATIONS:
        found = tuple(_day(cell, pattern, form) for cell in cells)
        if any(found):
            readings[form] = found
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


def read_price(cell: str) -> float | None:
    """The number; None for what is no finite number.

    A currency sign before it is left aside, and commas between thousands where a point follows:
    alone, 1,234 may be either.
    """
    text = cell.lstrip("$€£")
    if THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    if not NUMBER.fullmatch(text):
        return None
    price = float(text)
    return price if math.isfinite(price) else None
