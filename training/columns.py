"""Finding a file's header, and its columns of days and prices.

A header may have several lines: yfinance writes three, the EIA's sheets begin with two lines of
their own. Any of these lines names a column, and so do all of them joined with blanks.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from training.notation import is_date
from training.rejected import Rejected, in_options
from training.table import HEADER_ROWS, Row, Table

COLUMNS_SHOWN = 12
SENTENCE = re.compile(r"[^\W\d_]+\s+[^\W\d_]+\s+\S")  # two words, and more


@dataclass(frozen=True)
class Wanted:
    """A column's name, and whether the user gave it; otherwise the only matching column is used."""

    option: str
    name: str
    given: bool


@dataclass(frozen=True)
class Columns:
    """Positions of the two columns, counted from 0; ``price_name`` as the header says it.

    ``rows`` are those below the header; ``width`` is the header's number of cells.
    """

    day: int
    price: int
    price_name: str
    rows: tuple[Row, ...]
    width: int


@dataclass(frozen=True)
class Header:
    """The rows above the data."""

    rows: tuple[Row, ...]

    @property
    def width(self) -> int:
        return max((row.width for row in self.rows), default=0)

    def names(self, column: int) -> tuple[str, ...]:
        """The column's names in the header's lines, from above, each once."""
        found = [row.cells[column] for row in self.rows if column < len(row.cells)]
        return tuple(dict.fromkeys(name for name in found if name))

    def label(self, column: int) -> str:
        """Its name in the line that distinguishes the most columns, or in all lines."""
        if not self.rows:
            return ""
        lines = [tuple(row.cells) + ("",) * (self.width - len(row.cells)) for row in self.rows]
        best = max(reversed(lines), key=lambda cells: len({cell for cell in cells if cell}))
        name = best[column] if column < len(best) else ""
        if name and best.count(name) == 1:
            return name
        return " ".join(self.names(column))


def find_columns(table: Table, name: str, file: str, day: Wanted, price: Wanted) -> Columns:
    """``name`` is the input's. Raises Rejected with the existing columns."""
    header, rows = _parted(table, day)
    if not rows:
        raise Rejected(f"{name}: {file} has a header, but no rows")
    width = header.width or rows[0].width
    findings = []
    day_column = price_column = -1
    try:
        day_column = _day_column(header, rows[0], width, name, file, day)
    except Rejected as error:
        findings.append(str(error))
    others = [column for column in range(width) if column != day_column]
    try:
        price_column = _price_column(header, rows, others, name, file, price)
    except Rejected as error:
        findings.append(str(error))
    if findings:
        raise Rejected("; ".join(findings))
    label = header.label(price_column)
    return Columns(day_column, price_column, label, rows, width)


def _parted(table: Table, day: Wanted) -> tuple[Header, tuple[Row, ...]]:
    """The header ends with the line that names the column of days, or where days begin.

    Sentences below the last row, such as the download's address, are not rows.
    """
    named = _first(table.rows, lambda row: _names(row, day.name))
    start = _first(table.rows, lambda row: any(map(is_date, row.cells)))
    if named is not None and (start is None or named < start):
        end = named + 1
    elif start is not None:
        end = start
    else:
        end = 1
    rows = table.rows[end:]
    while len(rows) > 1 and rows[-1].width == 1 and SENTENCE.match(rows[-1].cells[0]):
        rows = rows[:-1]
    return Header(table.rows[:end]), rows


def _first(rows: Sequence[Row], fits: Callable[[Row], bool]) -> int | None:
    return next((place for place, row in enumerate(rows[:HEADER_ROWS]) if fits(row)), None)


def _names(row: Row, wanted: str) -> bool:
    """Whether a cell is the name, in any case."""
    return any(cell.casefold() == wanted.casefold() for cell in row.cells)


def _called(header: Header, columns: Sequence[int], wanted: str) -> list[int]:
    """The columns with this name, in one line or in all lines joined."""
    for fits in (str.__eq__, lambda one, other: one.casefold() == other.casefold()):
        found = [
            column
            for column in columns
            for names in [header.names(column)]
            if any(fits(one, wanted) for one in (*names, " ".join(names)))
        ]
        if found:
            return found
    return []


def _day_column(header: Header, first: Row, width: int, name: str, file: str, day: Wanted) -> int:
    found = _called(header, range(width), day.name)
    if len(found) > 1:
        raise _twice(header, found, name, file, day)
    if found:
        return found[0]
    days = [column for column, cell in enumerate(first.cells) if is_date(cell)]
    if len(days) != 1 or day.given:
        raise _missing(header, range(width), name, file, day)
    return days[0]


def _price_column(
    header: Header,
    rows: Sequence[Row],
    others: Sequence[int],
    name: str,
    file: str,
    price: Wanted,
) -> int:
    found = _called(header, others, price.name)
    if len(found) > 1:
        raise _twice(header, found, name, file, price)
    if found:
        return found[0]
    used = [column for column in others if header.names(column) or _holds(rows, column)]
    if len(used) != 1 or price.given:
        raise _missing(header, used, name, file, price)
    return used[0]


def _holds(rows: Sequence[Row], column: int) -> bool:
    return any(column < len(row.cells) and row.cells[column] for row in rows)


def _missing(
    header: Header, columns: Sequence[int], name: str, file: str, wanted: Wanted
) -> Rejected:
    labels = [header.label(column) or f"column {column + 1}" for column in columns]
    found = ", ".join(labels[:COLUMNS_SHOWN]) or "none"
    more = len(labels) - COLUMNS_SHOWN
    found += f" and {more} more" if more > 0 else ""
    likely = next((one for one in labels if one.casefold() == "close"), None)
    example = likely or next(iter(labels), wanted.name)
    return Rejected(
        f"{name}: column {wanted.name!r} is missing; {file} has: {found}; "
        f"{_advice(wanted, name, example)}"
    )


def _twice(
    header: Header, columns: Sequence[int], name: str, file: str, wanted: Wanted
) -> Rejected:
    places = ", ".join(str(column + 1) for column in columns)
    labels = [" ".join(header.names(column)) for column in columns]
    advice = "rename all but the right one"
    if len(set(labels)) > 1:
        advice = _advice(wanted, name, labels[0])
    return Rejected(
        f"{name}: {len(columns)} columns of {file} are called {wanted.name!r} (numbers {places}), "
        f"and nothing says which is meant; {advice}"
    )


def _advice(wanted: Wanted, name: str, column: str) -> str:
    return f"name it {in_options({wanted.option: {name: column}})}"
