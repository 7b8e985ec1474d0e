"""Rows of a fixed width from text, by simdjson, without an object for each number.

simdjson gives all numbers of a JSON list one after another, whatever lists they stood in. So
that a row of another length is seen, numbers that no client sends are put around each row: with
all of them where they belong, and nowhere else, each row has the right length.
"""

import secrets
import threading
from itertools import pairwise

import numpy as np
import simdjson

from inference.table.columns import Floats

# Four digits of chance, anew in each process, so that nobody sends them, by chance or on purpose.
_CHANCE = 1000 + secrets.randbelow(8000)
BEGIN, END, MISSING = (b"%de%d" % (_CHANCE, exponent) for exponent in (301, 302, 303))
BEGIN_VALUE, END_VALUE, MISSING_VALUE = (float(text) for text in (BEGIN, END, MISSING))
# In place of a value that is missing. Blanks keep it from what is beside: 1null is no number.
BLANK = b" %b " % MISSING

COMMA, NEWLINE = b",\n"

# A parser keeps its buffers, and one document at a time.
_OWN = threading.local()


def _parser() -> simdjson.Parser:
    parser: simdjson.Parser | None = getattr(_OWN, "parser", None)
    if parser is None:
        parser = _OWN.parser = simdjson.Parser()
    return parser


def numbers(text: bytes) -> Floats | None:
    """The numbers of a JSON list in their order, nested or not; None when there is anything
    else in it, or an integer beyond 64 bits.
    """
    try:
        found = _parser().parse(text)
        if not isinstance(found, simdjson.Array):
            return None
        return np.frombuffer(found.as_buffer(of_type="d"), np.float64)
    except (ValueError, TypeError, RuntimeError):
        return None


def lists(text: bytes, width: int) -> Floats | None:
    """Rows from ``[1,2],[3,4]``; None when there is anything else than lists of ``width``
    numbers, null and NaN in it.
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
    # Between two numbers that begin rows stands one that ends a row: no list is in another.
    if not (table[:, 0] == BEGIN_VALUE).all() or (table[:, 1:-1] == BEGIN_VALUE).any():
        return None
    return _values(table[:, 1:], missing)


def lines(text: bytes, width: int) -> Floats | None:
    """Rows from lines of numbers with commas between; a cell that is empty or nan is missing.

    None when there is anything else in it, or a line of another length.
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
    if width > 1:  # an empty line of a single column is no cell
        text, empty = _filled(text)
        missing += empty
    return _of_lines(text, width, missing) if missing else None


def _filled(text: bytes) -> tuple[bytes, int]:
    """The lines with something in each empty cell, and how many those were.

    By positions and slices: ``bytes.replace`` takes ten times as long for separators, which are
    everywhere.
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
    """The table without its last column, if that ends rows and nothing else does."""
    values = table[:, :-1].copy()
    if not (table[:, -1] == END_VALUE).all() or (values == END_VALUE).any():
        return None
    if missing:
        absent = values == MISSING_VALUE
        if np.count_nonzero(absent) != missing:
            return None
        values[absent] = np.nan
    return values
