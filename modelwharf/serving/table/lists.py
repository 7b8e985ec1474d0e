"""Converts JSON lists to rows of numbers with compiled code; faults are reported with their
place.
"""

import re
from collections.abc import Iterator
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np

from modelwharf.serving.refusal import Refusal, shown
from modelwharf.serving.table import simd
from modelwharf.serving.table.columns import ROW_LIMIT, Columns, Floats
from modelwharf.serving.table.json_text import WHITESPACE, Aside, InvalidJson, load
from modelwharf.serving.table.numbers import BEYOND

CHUNK = 256 * 1024  # bytes read at once
VALUE_BYTES = 2048  # bytes that a number may take; the longest exact one takes 1,077
ROWS_AT_ONCE = 2000  # rows of a list; the GIL is released between
# JSON's types of numbers and of a missing number. True and false are 1 and 0, as in every library
# that trains models.
SCALARS = frozenset((float, int, bool, type(None)))
FEATURES = "features"

_NESTED = re.compile(rb"\[[ \t\r\n]*\[")
_NEXT = re.compile(rb"[ \t\r\n]*,[ \t\r\n]*")


class RowLists:
    """Reads rows of a model's columns: lists in the columns' order, or objects by name."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self._width = columns.count
        self._of_object = itemgetter(*columns.names)

    def rows(self, found: Any, *, first: int = 1) -> Floats:
        """Read rows. ``first``: the number of the first row, for messages. Raises Refusal."""
        if isinstance(found, Aside):
            return self._rows_aside(found.take())
        if type(found) is not list:
            raise Refusal(f"rows come as a list, not as {shown(found)}")
        if not found:
            raise Refusal("the body holds no row")
        self.columns.check_size(len(found))
        if len(found) > ROWS_AT_ONCE:
            pieces = range(0, len(found), ROWS_AT_ONCE)
            return np.concatenate(
                [self.rows(found[n : n + ROWS_AT_ONCE], first=first + n) for n in pieces]
            )
        kinds = set(map(type, found))
        if kinds == {dict}:
            return self._of_objects(found, first)
        if self._width == 1 and kinds <= SCALARS:
            return self.scalars(found, 0, first=first).reshape(-1, 1)
        if kinds == {list} and set(map(len, found)) == {self._width}:
            flat = list(chain.from_iterable(found))
            values = _plain(flat)
            if values is not None:
                return values.reshape(-1, self._width)
        return self._one_by_one(found, first)

    def row(self, found: Any) -> Floats:
        """Read a single row. Raises Refusal."""
        if isinstance(found, Aside):
            return self._row_aside(found, 1).reshape(1, -1)
        return np.array([self._row(found, 1)], np.float64)

    def scalars(self, found: Any, place: int | None = None, *, first: int = 1) -> Floats:
        """Read the values of the column at ``place``, or of no single column, in their order.

        Raises Refusal.
        """
        if isinstance(found, Aside):
            return self._scalars_aside(found.take(), place)
        if type(found) is not list:
            raise Refusal(f"values come as a list, not as {shown(found)}")
        plain = _plain(found)
        if plain is not None:
            return plain
        values = []
        for number, value in enumerate(found, first):
            where = f"value {number}"
            if place is not None:
                where = f"row {number}, column {self.columns.names[place]!r}"
            values.append(_number(value, where))
        return np.array(values, np.float64)

    def _row(self, found: Any, number: int) -> list[float] | Floats:
        if type(found) is dict:
            if found.keys() == {FEATURES} and type(found[FEATURES]) in (list, Aside):
                found = found[FEATURES]
            else:
                self.columns.check_names(tuple(found), f"row {number}")
                found = [found[name] for name in self.columns.names]
        if isinstance(found, Aside):
            return self._row_aside(found, number)
        if type(found) is not list:
            raise Refusal(
                f"row {number} is {shown(found)}; a row is a list of {self._width} numbers, or an "
                "object by column name"
            )
        self.columns.check_width(len(found), number)
        return [
            _number(value, f"row {number}, column {name!r}")
            for name, value in zip(self.columns.names, found, strict=True)
        ]

    def _of_objects(self, found: list[dict[str, Any]], first: int) -> Floats:
        if set(map(len, found)) == {self._width}:
            try:
                rows = list(map(self._of_object, found))
            except KeyError:
                pass
            else:
                flat = rows if self._width == 1 else list(chain.from_iterable(rows))
                values = _plain(flat)
                if values is not None:
                    return values.reshape(-1, self._width)
        return self._one_by_one(found, first)

    def _one_by_one(self, found: list[Any], first: int) -> Floats:
        """Read rows one by one. Raises Refusal, which names the row and the column."""
        return np.array(
            [self._row(row, number) for number, row in enumerate(found, first)], np.float64
        )

    def _row_aside(self, found: Aside, number: int) -> Floats:
        values = self._scalars_aside(found.take(), None)
        self.columns.check_width(len(values), number)
        return values

    def _rows_aside(self, text: bytes) -> Floats:
        if not is_nested(Aside(text)):
            if self._width == 1:
                return self._scalars_aside(text, 0).reshape(-1, 1)
            raise Refusal(f"row 1 is not a list; a row is a list of {self._width} numbers")
        if len(text) > ROW_LIMIT:
            self.columns.check_size(text.count(b"["))
        parts: list[Floats] = []
        done = 0
        for chunk in _row_chunks(text):
            rows = simd.lists(chunk, self._width)
            if rows is None and len(chunk) > CHUNK + self._width * VALUE_BYTES:
                raise Refusal(f"row {done + 1} is too long for {self._width} numbers")
            if rows is None:
                rows = self.rows(load(b"[%b]" % chunk), first=done + 1)
            done += len(rows)
            parts.append(rows)
        return np.concatenate(parts)

    def _scalars_aside(self, text: bytes, place: int | None) -> Floats:
        parts: list[Floats] = []
        done = 0
        for chunk in _value_chunks(text):
            values = None if b"[" in chunk or b"]" in chunk else simd.numbers(b"[%b]" % chunk)
            if values is None and len(chunk) > CHUNK + VALUE_BYTES:
                raise Refusal(f"value {done + 1} is too long for a number")
            if values is None:
                values = self.scalars(load(b"[%b]" % chunk), place, first=done + 1)
            done += len(values)
            parts.append(values)
        return np.concatenate(parts)


def is_nested(found: Any) -> bool:
    """Whether a list's first element is a list."""
    if isinstance(found, Aside):
        return _NESTED.match(found.text) is not None
    return type(found) is list and bool(found) and type(found[0]) is list


def _plain(values: list[Any]) -> Floats | None:
    """Return the values if all are JSON numbers or null within float64; None otherwise."""
    if set(map(type, values)) <= SCALARS:
        try:
            return np.array(values, np.float64)
        except OverflowError:
            pass
    return None


def _number(value: Any, where: str) -> float:
    if type(value) not in SCALARS:
        hint = ""
        if type(value) is str:
            hint = " (a text); numbers stand without quotation marks"
        raise Refusal(f"{where}: {shown(value)} is not a number{hint}")
    if value is None:
        return np.nan
    try:
        return float(value)
    except OverflowError:
        raise Refusal(f"{where}: {shown(value)} {BEYOND}") from None


def _row_chunks(text: bytes) -> Iterator[bytes]:
    """Yield the lists inside a list's text, about CHUNK bytes at a time, without outer commas."""
    start, last = 1, len(text) - 1
    while last - start > CHUNK:
        end = text.find(b"]", start + CHUNK, last) + 1
        comma = _NEXT.match(text, end) if end else None
        if comma is None:
            break
        yield text[start:end]
        start = comma.end()
    yield _last_piece(text, start)


def _value_chunks(text: bytes) -> Iterator[bytes]:
    start, last = 1, len(text) - 1
    while last - start > CHUNK:
        end = text.find(b",", start + CHUNK, last)
        if end < 0:
            break
        yield text[start:end]
        start = end + 1
    yield _last_piece(text, start)


def _last_piece(text: bytes, start: int) -> bytes:
    """Return the rest of a list's text. Raises InvalidJson when nothing follows a comma."""
    piece = text[start:-1]
    if start > 1 and not piece.strip(WHITESPACE):
        raise InvalidJson("the body is not JSON: a list ends with a comma")
    return piece


def skim(aside: Aside) -> None:
    """Read a list that nothing uses: the whole body must be JSON. Raises Refusal."""
    text = aside.take()
    chunks = _row_chunks(text) if is_nested(aside) else _value_chunks(text)
    try:
        for chunk in chunks:
            if simd.numbers(b"[%b]" % chunk) is None:
                load(b"[%b]" % chunk)
    except InvalidJson:
        load(text)  # lists that are nested deeper span several pieces


def columns_to_rows(columns: Columns, values: list[Floats]) -> Floats:
    """Join columns to rows. Raises Refusal when their lengths differ or are 0."""
    count = len(values[0])
    for name, column in zip(columns.names, values, strict=True):
        if len(column) != count:
            raise Refusal(
                f"column {name!r} has {len(column)} values, but {columns.names[0]!r} has {count}"
            )
    if not count:
        raise Refusal("the body holds no row")
    columns.check_size(count)
    rows = np.empty((count, columns.count))
    for place, column in enumerate(values):
        rows[:, place] = column
    return rows
