"""Rows of a fixed width from text, by simdjson, without an object per number.

simdjson returns all numbers of a JSON list in one sequence and drops the list structure. To detect
a row of another length, marker numbers that no client sends are put around each row. If all markers
are in their places, and nowhere else, each row has the right length.
"""

import secrets
import threading
from itertools import pairwise

import numpy as np
import simdjson

from modelwharf.serving.table.columns import Floats

# Four random digits, new in each process: no client sends them, by accident or on purpose.
_CHANCE = 1000 + secrets.randbelow(8000)
BEGIN, END, MISSING = (b"%de%d" % (_CHANCE, exponent) for exponent in (301, 302, 303))
BEGIN_VALUE, END_VALUE, MISSING_VALUE = (float(text) for text in (BEGIN, END, MISSING))
# Replaces a missing value. Blanks separate it from its neighbours: 1null is not a number.
BLANK = b" %b " % MISSING

COMMA, NEWLINE = b",\n"

# A parser reuses its buffers and holds one document at a time.
_OWN = threading.local()


def _parser() -> simdjson.Parser:
    parser: simdjson.Parser | None = getattr(_OWN, "parser", None)
    if parser is None:
        parser = _OWN.parser = simdjson.Parser()
    return parser


def numbers(text: bytes) -> Floats | None:
    """Return the numbers of a JSON list in their order, nested or not. None when the list has
    anything else, or an integer beyond 64 bits.
    """
    try:
        found = _parser().parse(text)
        if not isinstance(found, simdjson.Array):
            return None
        return np.frombuffer(found.as_buffer(of_type="d"), np.float64)
    except (ValueError, TypeError, RuntimeError):
        return None


def lists(text: bytes, width: int) -> Floats | None:
    """Return rows from ``[1,2],[3,4]``. None when there is anything but lists of ``width`` numbers,
    null and NaN.
    """
    missing = 0
    if b"n" in text or b"N" in text:
        missing = text.count(b"null") + text.count(b"NaN")
        text = text.replace(b"null", BLANK).replace(b"NaN", BLANK)
    begun = text.replace(b"[", b"[%b," % BEGIN)
    found = numbers(b"[%b]" % begun.replace(b"]", b",%b]" % END))
    if found is None or not len(found) or len(found) % (width + 2):
        return None
    table = found.reshape(-1, width + 2)
    # An end marker stands between two begin markers: no list is nested.
    if not (table[:, 0] == BEGIN_VALUE).all() or (table[:, 1:-1] == BEGIN_VALUE).any():
        return None
    return _values(table[:, 1:], missing)


def lines(text: bytes, width: int) -> Floats | None:
    """Return rows from lines of numbers with commas; an empty or nan cell is missing.

    None when there is anything else, or a line of another length.
    """
    if b"[" in text:
        return None
    found = _of_lines(text, width, 0)
    if found is not None:
        return found
    missing = 0
    if b"n" in text or b"N" in text:
        for word in (b"nan", b"NaN"):
            parts = text.split(word)
            missing += len(parts) - 1
            text = BLANK.join(parts)
    if width > 1:  # in a single column, an empty line is not a cell
        text, empty = _filled(text)
        missing += empty
    return _of_lines(text, width, missing) if missing else None


def _filled(text: bytes) -> tuple[bytes, int]:
    """Fill each empty cell. Returns the lines and the number of filled cells.

    Uses positions and slices: ``bytes.replace`` takes ten times as long for separators, which are
    frequent.
    """
    framed = b"\n%b\n" % text
    codes = np.frombuffer(framed, np.uint8)
    separators = (codes == COMMA) | (codes == NEWLINE)
    empty = (np.flatnonzero(separators[1:] & separators[:-1]) + 1).tolist()
    edges = [1, *empty, len(framed) - 1]
    return BLANK.join([framed[a:b] for a, b in pairwise(edges)]), len(empty)


def _of_lines(text: bytes, width: int, missing: int) -> Floats | None:
    found = numbers(b"[%b,%b]" % (text.replace(b"\n", b",%b," % END), END))
    if found is None or len(found) % (width + 1):
        return None
    return _values(found.reshape(-1, width + 1), missing)


def _values(table: Floats, missing: int) -> Floats | None:
    """Return the table without its last column, if only that column has end markers."""
    values = table[:, :-1].copy()
    if not (table[:, -1] == END_VALUE).all() or (values == END_VALUE).any():
        return None
    if missing:
        absent = values == MISSING_VALUE
        if np.count_nonzero(absent) != missing:
            return None
        values[absent] = np.nan
    return values
