"""Rows of a fixed width from a JSON list, by simdjson, without an object for each number."""

import threading

import numpy as np
import simdjson

from inference.table.columns import Floats

# Put after each row's last value, so that a row of another length is seen, and in place of a
# value that is missing: numbers that clients hardly send. One that does is noticed, and its
# body is read another way.
END = b"4e307"
END_VALUE = 4e307
MISSING = b"5e307"
MISSING_VALUE = 5e307

# A parser keeps its buffers, and one document at a time.
_OWN = threading.local()


def _parser() -> simdjson.Parser:
    try:
        return _OWN.parser
    except AttributeError:
        _OWN.parser = simdjson.Parser()
        return _OWN.parser


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


def rows(text: bytes, count: int, width: int, missing: int) -> Floats | None:
    """``count`` rows of ``width`` values from a JSON list in which END follows each row, and
    MISSING stands ``missing`` times; None when it is not exactly that.
    """
    found = numbers(text)
    if found is None or len(found) != count * (width + 1):
        return None
    table = found.reshape(count, width + 1)
    values = table[:, :width].copy()
    # As many ends were put in as there are rows. All stand last, and no other value is like
    # them: so each stands where it was put, and each row is of this width.
    if not (table[:, width] == END_VALUE).all() or (values == END_VALUE).any():
        return None
    absent = values == MISSING_VALUE
    if np.count_nonzero(absent) != missing:
        return None
    if missing:
        values[absent] = np.nan
    return values
