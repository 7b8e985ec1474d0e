"""``application/x-npy``: NumPy's own format, arrays of numbers only.

https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

This module reads the header itself: NumPy's reader takes ten times as long as a prediction and can
be told to unpickle objects.
"""

import re
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from modelwharf.serving.refusal import Refusal, shown
from modelwharf.serving.table.columns import Columns, Floats
from modelwharf.serving.table.exchange import Answer, Question
from modelwharf.serving.table.outputs import Outputs

MAGIC = b"\x93NUMPY"
LENGTH_BYTES = {1: 2, 2: 4, 3: 4}  # bytes of the header's length field, by the format's version
HEADER_LIMIT = 4096  # bytes; NumPy writes 118 for any array of numbers
ALIGNMENT = 64  # magic, length and header fill a multiple of this, in bytes, as NumPy writes them

_LENGTH = rb"(?:0|[1-9]\d{0,14})"
_LENGTHS = rb"(?:%b *, *)+(?:%b *)?" % (_LENGTH, _LENGTH)  # a tuple of one has a comma too
_VALUE = rb"'[^']*'|True|False|\( *(?:%b)?\)" % _LENGTHS
_ITEM = rb"[ \n]*'(descr|fortran_order|shape)' *: *(%b)[ \n]*" % _VALUE
_ITEMS = re.compile(_ITEM)
_HEADER = re.compile(rb"\{%b,%b,%b,?[ \n]*\}[ \n]*" % (_ITEM, _ITEM, _ITEM))
_NUMBERS = re.compile(r"[<>=|]?(?:b1|[iu][1248]|f[248])")
_SHAPE = re.compile(rb"\d+")


class Header(NamedTuple):
    dtype: np.dtype[np.generic]
    fortran: bool
    shape: tuple[int, ...]
    size: int
    """Bytes of data."""


class NpyReader:
    """Reads arrays of rows × columns, or of one row."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns

    def parse(self, body: bytes) -> Question:
        """Parse a body. Raises Refusal."""
        if body[:6] != MAGIC:
            raise Refusal(
                f"the body begins with {body[:6]!r}; an array that numpy.save wrote begins with "
                f"{MAGIC!r}"
            )
        size = LENGTH_BYTES.get(body[6]) if body[7:8] == b"\0" else None
        if size is None:
            raise Refusal("the body is not an NPY array of version 1, 2 or 3")
        start = 8 + size
        end = start + int.from_bytes(body[8:start], "little")
        if end > len(body) or end - start > HEADER_LIMIT:
            raise Refusal(f"the array's header is cut off, or longer than {HEADER_LIMIT} bytes")
        header = _header(body[start:end])
        if len(body) - end != header.size:
            raise Refusal(
                f"the header says {shown(header.shape)} of {header.dtype}, which are {header.size} "
                f"bytes, but {len(body) - end} follow it"
            )
        return Question(self._rows(body, end, header))

    def _rows(self, body: bytes, start: int, header: Header) -> Floats:
        count, width = self._rows_and_width(header.shape)
        if not count:
            raise Refusal("the array holds no row")
        self._columns.check_width(width, 1)
        self._columns.check_size(count)
        found = np.frombuffer(body, header.dtype, offset=start)
        rows = found.reshape((count, width), order="F" if header.fortran else "C")
        if header.dtype.kind == "b":  # any byte but 0 is true
            rows = rows.view(np.uint8) != 0
        return np.require(rows, np.float64, ["C", "A"])

    def _rows_and_width(self, shape: tuple[int, ...]) -> tuple[int, int]:
        match shape:
            case (rows, width):
                return rows, width
            case (rows,) if self._columns.count == 1:
                return rows, 1
            case (width,):
                return 1, width
            case _:
                raise Refusal(f"the array has the shape {shape}; rows × columns are needed")


@lru_cache(maxsize=64)  # clients send the same few; parsing one takes as long as a row
def _header(text: bytes) -> Header:
    if not _HEADER.fullmatch(text):
        raise Refusal(f"the array's header {shown(text)} is not the header of an array of numbers")
    items = dict(_ITEMS.findall(text))
    if len(items) != 3:
        raise Refusal(f"the array's header {shown(text)} lacks descr, fortran_order or shape")
    name = items[b"descr"].decode("latin-1").strip("'")
    if not _NUMBERS.fullmatch(name):
        reason = "; objects are pickles, which could run any code" if "O" in name else ""
        raise Refusal(f"the array's type is {shown(name)}; it must be one of numbers{reason}")
    if items[b"fortran_order"] not in (b"True", b"False") or items[b"shape"][:1] != b"(":
        raise Refusal(f"the array's header {shown(text)} is not the header of an array of numbers")
    dtype = np.dtype(name)
    shape = tuple(int(number) for number in _SHAPE.findall(items[b"shape"]))
    size = dtype.itemsize
    for length in shape:
        size *= length
    return Header(dtype, items[b"fortran_order"] == b"True", shape, size)


class NpyWriter:
    """Writes float64 (rows, or rows × outputs); int64 or bool for labels of these types."""

    def __init__(self, outputs: Outputs) -> None:
        self._outputs = outputs

    def write(self, answer: Answer) -> bytes:
        values = self._outputs.values(answer.values)
        return _head(values.dtype.str, values.shape) + values.tobytes()


@lru_cache(maxsize=64)
def _head(descr: str, shape: tuple[int, ...]) -> bytes:
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    length = -(-(len(text) + 11) // ALIGNMENT) * ALIGNMENT - 10
    return b"%b\x01\x00%b%b\n" % (MAGIC, length.to_bytes(2, "little"), text.ljust(length - 1))
