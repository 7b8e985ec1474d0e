"""Read a file as rows of cells; each row has the number of its first line.

Python's csv reads text, calamine reads workbooks. Blank rows are omitted. The
numbers count the lines of the file, or the rows of a workbook's sheet.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from training.content import decoded, is_workbook, unpacked
from training.notation import is_date
from training.rejected import Rejected, in_options

DELIMITERS = (";", "\t", "|")  # before the comma, which dates and numbers may contain
SAMPLE = 20  # lines
HEADER_ROWS = 100  # a table begins within these


@dataclass(frozen=True)
class Row:
    """Cells are stripped of blanks; ``line`` counts from 1."""

    line: int
    cells: tuple[str, ...]

    @property
    def width(self) -> int:
        """The number of cells up to the last non-empty one: a trailing comma adds none."""
        return max((number for number, cell in enumerate(self.cells, 1) if cell), default=0)


@dataclass(frozen=True)
class Table:
    """``sheet`` is the workbook's sheet; "" for text."""

    rows: tuple[Row, ...]
    sheet: str = ""


def read_table(path: Path, sheet: str | None = None) -> Table:
    """The non-empty rows of a CSV file or a workbook. Raises Rejected."""
    content = unpacked(path.read_bytes(), path.name)
    if is_workbook(content):
        return _workbook(content, path.name, sheet)
    rows = tuple(_kept(_csv_rows(decoded(content, path.name), path.name)))
    if not rows:
        raise Rejected(f"{path.name} is empty")
    return Table(rows)


def _kept(rows: Iterator[Row]) -> Iterator[Row]:
    return (row for row in rows if row.width)


def _csv_rows(text: str, file: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    line = 1
    try:
        for cells in reader:
            yield Row(line, tuple(cell.strip() for cell in cells))
            line = reader.line_num + 1
    except csv.Error as error:
        if "end of data" in str(error) or "field larger" in str(error):
            raise Rejected(f"{file}: line {line} opens a quote that nothing closes") from None
        raise Rejected(f"{file}: line {line} is not CSV: {error}") from None


def _delimiter(text: str) -> str:
    """Return the delimiter that every sampled line with a digit contains; the comma otherwise."""
    lines = (line for line in io.StringIO(text) if any(character.isdigit() for character in line))
    sample = [line for line, _ in zip(lines, range(SAMPLE), strict=False)][-SAMPLE // 2 :]
    for delimiter in DELIMITERS:
        if sample and all(delimiter in line for line in sample):
            return delimiter
    return ","


def _workbook(content: bytes, file: str, wanted: str | None) -> Table:
    from python_calamine import CalamineError, load_workbook

    try:
        workbook = load_workbook(io.BytesIO(content))
        names: list[str] = workbook.sheet_names
        if wanted is not None and wanted in names:
            names = [wanted]
        sheets = [Table(_sheet_rows(workbook.get_sheet_by_name(one)), one) for one in names]
    except CalamineError as error:
        raise Rejected(f"{file} is a workbook that cannot be read: {error}") from None
    shown = ", ".join(repr(name) for name in names)
    if wanted is not None and wanted not in names:
        raise Rejected(f"{file} has no sheet {wanted!r} (option sheet), but {shown}")
    dated = [one for one in sheets if _has_days(one)]
    if len(dated) == 1:
        return dated[0]
    if not dated:
        raise Rejected(f"{file}: no dates in {shown}; the sheet needs a column of them")
    shown = ", ".join(repr(one.sheet) for one in dated)
    option = in_options({"sheet": {file.partition(".")[0]: dated[0].sheet}})
    raise Rejected(f"{file} has dates in {len(dated)} sheets, {shown}; name one {option}")


def _sheet_rows(sheet: object) -> tuple[Row, ...]:
    found = sheet.to_python(skip_empty_area=False)  # type: ignore[attr-defined]
    rows = (Row(line, tuple(map(_cell, cells))) for line, cells in enumerate(found, 1))
    return tuple(_kept(rows))


def _cell(value: object) -> str:
    """A workbook's cell as a CSV file would write it."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value).strip()


def _has_days(table: Table) -> bool:
    return any(is_date(cell) for row in table.rows[:HEADER_ROWS] for cell in row.cells)
