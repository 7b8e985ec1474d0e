"""``text/csv``: one line per row.

Lines become a JSON list, which compiled parsers read at once. Text that they refuse is read cell by
cell: it may still be valid (``.5``, ``+1``, ``"1"``), and a fault is reported with its place.
"""

import csv
import io
import struct
from collections.abc import Iterator

import numpy as np
import orjson

from modelwharf.serving.formats import text_of
from modelwharf.serving.refusal import Refusal, shown
from modelwharf.serving.table import simd
from modelwharf.serving.table.columns import ROW_LIMIT, Columns, Floats
from modelwharf.serving.table.exchange import Answer, Question
from modelwharf.serving.table.numbers import PLAIN, InvalidNumber, is_number, number
from modelwharf.serving.table.outputs import Outputs

CHUNK = 256 * 1024  # bytes read at once; the GIL is held for about 2 ms
ONE_ROW = 64 * 1024  # bytes; a longer row is read like several rows
PLAIN_ROW = b"0123456789+-.eE, \t"
LINE_ENDS = (b"\n", b"\r\n", b"")
CELL_LIMIT = 2048  # bytes of a number, averaged over a row; the longest exact one has 1,077
UNCLOSED = ("unexpected end of data", "field larger than field limit")  # messages of the csv module


class CsvReader:
    """Reads rows of numbers; the first line may hold the columns' names, in any order.

    ``header``: the Content-Type's header parameter (RFC 4180), or None.
    """

    def __init__(self, columns: Columns, *, header: bool | None = None) -> None:
        self._columns = columns
        self._shape = (1, columns.count)
        # Takes a third of the time of an array from a list. Refuses another number of values, and a
        # cell that is not a number.
        self._pack = struct.Struct(f"{columns.count}d").pack
        self._header = header
        if header is None and all(map(is_number, columns.names)):
            self._header = False  # otherwise a row equal to the names would vanish

    def parse(self, body: bytes) -> Question:
        """Parse a body. Raises Refusal."""
        # One line of numbers and commas is JSON without brackets. A line end inside it would count
        # as white space, so only one at the end is accepted.
        if len(body) < ONE_ROW and self._header is not True:
            ends = body.translate(None, PLAIN_ROW)
            if ends in LINE_ENDS and body.endswith(ends):
                try:
                    row = self._pack(*orjson.loads(b"[%b]" % body))
                except (ValueError, struct.error):
                    pass
                else:
                    return Question(np.ndarray(self._shape, np.float64, row))
        return Question(self._table(body))

    def _table(self, body: bytes) -> Floats:
        text = text_of(body)
        if b"\r" in text:
            text = text.replace(b"\r\n", b"\n")
        # In a single column, any blank line could be a missing value.
        several = self._columns.count > 1
        whole = text
        text = _without_blank_lines(text) if several else text.removesuffix(b"\n")
        first = whole.index(text[:1]) + 1 if text else 1  # only line ends come before it
        if b"\r" in text:
            line = text.count(b"\n", 0, text.index(b"\r")) + first
            raise Refusal(
                f"line {line} holds a carriage return that ends no line; lines end with \\n or "
                "\\r\\n"
            )
        if not text:
            raise Refusal("the body holds no row")
        end = text.find(b"\n")
        names = self._header_names(text if end < 0 else text[:end], first)
        order = None
        if names is not None:
            order = self._columns.order(names, "the first line")
            text = text[end + 1 :] if end >= 0 else b""
            first += 1
            if not text:
                raise Refusal("the body holds no row under its header")
        if len(text) > ROW_LIMIT:  # a row has at least one byte
            self._columns.check_size(text.count(b"\n") + 1)
        parts: list[Floats] = []
        row = 1
        for start, chunk in _chunks(text):
            found = simd.lines(chunk, self._columns.count)
            if found is None:
                line = first + text.count(b"\n", 0, start)
                found = _Cells(self._columns, names, row).rows(chunk, line)
            row += len(found)
            parts.append(found)
        rows = parts[0] if len(parts) == 1 else np.concatenate(parts)
        return self._columns.ordered(rows, order)

    def _header_names(self, first: bytes, line: int) -> list[str] | None:
        """Return the names in the first line, or None when it is a row. ``line``: its number."""
        width = first.count(b",") + 1
        if len(first) > CELL_LIMIT * self._columns.count:
            self._columns.check_width(width, 1)
            raise Refusal(f"line {line} has {len(first)} bytes, which is too long for numbers")
        if self._header is False:
            return None
        quoted = b'"' in first
        if self._header is None and width > 2 * self._columns.count and not quoted:
            self._columns.check_width(width, 1)
        (names,) = _split(first, line)
        names = [name.strip(" \t") for name in names]
        if self._header or self._columns.is_header(names):
            return names
        numbers = any(is_number(name) for name in names) or not any(names)
        if not numbers:
            self._columns.check_once(names, f"line {line}")
        if width > self._columns.count and not quoted:
            self._columns.check_width(width, 1)
        if numbers:
            return None
        raise Refusal(
            f"line {line} ({shown(','.join(names))}) is neither a row of numbers nor the names of "
            f"the columns, which are: {self._columns}"
        )


def _without_blank_lines(text: bytes) -> bytes:
    """Return the text without blank lines at its ends and without the last line's end."""
    filled = text.rstrip(b" \t\n")
    blanks = text[len(filled) :].partition(b"\n")[0] if filled else b""
    return (filled + blanks if blanks else filled).lstrip(b"\n")  # usually one copy


def _chunks(text: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield whole lines, about CHUNK bytes at a time, with their start."""
    start = 0
    while len(text) - start > CHUNK:
        end = text.find(b"\n", start + CHUNK)
        if end < 0:
            break
        yield start, text[start:end]
        start = end + 1
    yield start, text[start:] if start else text


def _split(lines: bytes, first_line: int) -> list[list[str]]:
    """Return the cells of each line. Raises Refusal."""
    try:
        text = lines.decode()
    except UnicodeDecodeError as error:
        line = first_line + lines.count(b"\n", 0, error.start)
        raise Refusal(f"line {line} is not UTF-8") from None
    if '"' not in text:
        return [line.split(",") for line in text.split("\n")]
    reader = csv.reader(io.StringIO(text), strict=True, skipinitialspace=True)
    found: list[list[str]] = []
    begun = 0  # lines before the current row
    try:
        for cells in reader:
            found.append(cells)
            begun = reader.line_num
    except csv.Error as error:
        line, here = first_line + begun, first_line + reader.line_num - 1
        why = str(error)
        if why.startswith(UNCLOSED):
            raise Refusal(f"line {line} is not CSV: it opens a quote that nothing closes") from None
        if here > line:
            why = f"it opens a quote that ends in line {here}, and there {why}"
        raise Refusal(f"line {line} is not CSV: {why}") from None
    return found


class _Cells:
    """Reads cell by cell. ``header``: the names in the body; ``first``: number of the first row."""

    def __init__(self, columns: Columns, header: list[str] | None, first: int) -> None:
        self._columns = columns
        self._names = header or columns.names
        self._row = first

    def rows(self, chunk: bytes, line: int) -> Floats:
        """Return the chunk's numbers; its first line has the number ``line``.

        Raises Refusal for a cell that is not a number, with its row and column.
        """
        lines = _split(chunk, line)
        # float() reads a whole row at once, if the chunk has no text that float() accepts and we
        # refuse.
        plain = not chunk.translate(None, PLAIN + b'",\n')
        found = [self._cells(cells, plain) for cells in lines if self._is_row(cells)]
        return np.array(found, dtype=np.float64).reshape(-1, self._columns.count)

    def _is_row(self, cells: list[str]) -> bool:
        """Whether the line is a row; a blank one is not. Refuses it where it could be a missing
        value.
        """
        if len(cells) > 1 or "".join(cells).strip(" \t"):
            return True
        if self._columns.count == 1:
            raise Refusal(f"row {self._row} is blank; write nan for a value that is missing")
        return False

    def _cells(self, cells: list[str], plain: bool) -> list[float]:
        self._columns.check_width(len(cells), self._row)
        if plain:
            try:
                values = list(map(float, cells))
            except ValueError:
                values = []
            if values and np.isfinite(values).all():
                self._row += 1
                return values
        values = [self._cell(place, cell) for place, cell in enumerate(cells)]
        self._row += 1
        return values

    def _cell(self, place: int, cell: str) -> float:
        try:
            return number(cell)
        except InvalidNumber as error:
            name = self._names[place]
            raise Refusal(f"row {self._row}, column {name!r}: {shown(cell)} {error}") from None


class CsvWriter:
    """Writes one line per row, with commas between the outputs and without a header."""

    def __init__(self, outputs: Outputs) -> None:
        self._outputs = outputs
        self._texts = None
        if outputs.labels is not None:
            self._texts = [_quoted(label) for label in outputs.labels.tolist()]

    def write(self, answer: Answer) -> bytes:
        """Write numbers as the shortest text that reads as the same float64; nan, inf and -inf."""
        values = answer.values
        if self._texts is not None:
            texts = self._texts
            return "".join(texts[place] for place in values.tolist()).encode()
        if values.size == 1:  # the most common response; arrays take longer
            text = orjson.dumps(values.item())
            return text + b"\n" if text != b"null" else b"%r\n" % values.item()
        text = orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)
        if b"u" in text:  # null stands for a value that is not finite
            rows = values.reshape(len(values), -1).tolist()
            return "".join(f"{','.join(map(repr, row))}\n" for row in rows).encode()
        if values.ndim == 1:
            return text[1:-1].replace(b",", b"\n") + b"\n"
        return text[2:-2].replace(b"],[", b"\n") + b"\n"


def _quoted(label: object) -> str:
    if isinstance(label, bool):
        return "true\n" if label else "false\n"  # as in JSON
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow([label])
    return line.getvalue()
