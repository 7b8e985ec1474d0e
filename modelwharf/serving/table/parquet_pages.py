"""The unpacked size of a Parquet file, by its footer and its page headers.

pyarrow trusts the page headers: a file of a kilobyte with a modest footer can unpack to gigabytes.
pyarrow's own view of a column in a damaged footer ends the process (a C++ exception that nothing
catches). For both reasons this module reads them itself. Both are written in Thrift's compact
protocol:
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md,
https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift.
"""

from dataclasses import dataclass
from typing import Any

MAGIC = b"PAR1"
ENCRYPTED_MAGIC = b"PARE"  # of a file whose footer is encrypted
TAIL = 8  # bytes: the footer's length, and the magic
TRUE, FALSE, BYTE, INTEGERS, DOUBLE, BINARY, LISTS, STRUCT = 1, 2, 3, (4, 5, 6), 7, 8, (9, 10), 12
DEPTH_LIMIT = 16
TEXT_KEPT = 256  # bytes
PLAIN = "send the file without encryption"
PAGE_LIMIT = 50_000
# Values of a footer, or of a column's page headers; a column of a row group has 30. 24 MB of
# booleans took 6 s and 240 MiB.
VALUE_LIMIT = 4_000_000

# Field numbers in parquet.thrift.
ROW_GROUPS = 4  # of FileMetaData
COLUMNS = 1  # of RowGroup
META_DATA, CRYPTO_META_DATA = 3, 8  # of ColumnChunk
WITH_COLUMN_KEY = 2  # of ColumnCryptoMetaData
KEY_PATH = 1  # of EncryptionWithColumnKey
PATH = 3  # of ColumnMetaData
VALUES, UNPACKED, PACKED, DATA_OFFSET, DICTIONARY_OFFSET = 5, 6, 7, 9, 11  # of ColumnMetaData
PAGE_UNPACKED, PAGE_PACKED = 2, 3  # of PageHeader


class BadParquet(ValueError):
    """The file's structure cannot be followed."""


def unpacked_size(body: bytes) -> int:
    """Return the unpacked size of all pages, or the footer's size if that is larger.

    Raises BadParquet.
    """
    try:
        return sum(_column(body, column) for column in _columns(body))
    except (IndexError, KeyError, TypeError, AttributeError):
        raise BadParquet("its structure is cut off or damaged") from None


def _columns(body: bytes) -> list[dict[int, Any]]:
    """Return the ColumnMetaData of each column of each row group."""
    length = int.from_bytes(body[-TAIL : -len(MAGIC)], "little")
    start = len(body) - TAIL - length
    if body[-len(MAGIC) :] == ENCRYPTED_MAGIC:
        raise BadParquet(f"its footer is encrypted; {PLAIN}")
    if body[-len(MAGIC) :] != MAGIC or start < len(MAGIC):
        raise BadParquet("it does not end as a Parquet file does")
    footer = _Reader(body, start).struct(DEPTH_LIMIT)
    groups = footer.get(ROW_GROUPS, [])
    columns = [column for group in groups for column in group[COLUMNS]]
    for column in columns:
        if CRYPTO_META_DATA in column:
            raise BadParquet(f"column {_encrypted_name(column)!r} is encrypted; {PLAIN}")
    return [column[META_DATA] for column in columns]


def _encrypted_name(column: dict[int, Any]) -> str:
    own_key = column[CRYPTO_META_DATA].get(WITH_COLUMN_KEY)
    path = own_key[KEY_PATH] if own_key else column[META_DATA][PATH]
    return b".".join(path).decode(errors="replace")


def _column(body: bytes, column: dict[int, Any]) -> int:
    unpacked: int = column[UNPACKED]
    if not column[VALUES]:  # no page is read, and there may be no data page
        return unpacked
    start = column[DATA_OFFSET]
    dictionary = column.get(DICTIONARY_OFFSET, 0)
    if 0 < dictionary < start:
        start = dictionary
    if start < 0 or column[PACKED] < 0:
        raise BadParquet("a column's place is negative")
    return max(unpacked, _pages(body, start, start + column[PACKED]))


def _pages(body: bytes, start: int, end: int) -> int:
    reader = _Reader(body, start)
    total = 0
    for _ in range(PAGE_LIMIT):
        if reader.place >= end:
            return total
        header = reader.struct(DEPTH_LIMIT)
        if header[PAGE_UNPACKED] < 0 or header[PAGE_PACKED] < 0:
            raise BadParquet("a page has a negative size")
        total += header[PAGE_UNPACKED]
        reader.place += header[PAGE_PACKED]
    raise BadParquet(f"a column has more than {PAGE_LIMIT} pages")


@dataclass
class _Reader:
    """Reads values at ``place``. Raises IndexError at the end of the body."""

    body: bytes
    place: int
    values: int = 0

    def struct(self, depth: int) -> dict[int, Any]:
        """Return a struct's fields by number. Floats and long strings are None."""
        found: dict[int, Any] = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._integer()
            kind = head & 15
            found[number] = kind == TRUE if kind in (TRUE, FALSE) else self._value(kind, depth)
        return found

    def _value(self, kind: int, depth: int) -> Any:
        if not depth:
            raise BadParquet("it is nested too deeply")
        if kind in INTEGERS:
            return self._integer()
        if kind == STRUCT:
            return self.struct(depth - 1)
        if kind in LISTS:
            return self._list(depth - 1)
        if kind == BINARY:
            size = self._varint()
            self.place += size
            return self.body[self.place - size : self.place] if size <= TEXT_KEPT else None
        if kind == DOUBLE:
            size = 8
        elif kind in (TRUE, FALSE, BYTE):
            size = 1
        else:
            raise BadParquet(f"it holds a field of the type {kind}, which none has")
        self.place += size
        return None

    def _list(self, depth: int) -> list[Any]:
        head = self._byte()
        size = head >> 4 if head >> 4 < 15 else self._varint()
        if size > len(self.body) - self.place:  # each element takes at least one byte
            raise BadParquet("a list is longer than the file")
        self.values += size
        if self.values > VALUE_LIMIT:
            raise BadParquet(f"its lists hold more than {VALUE_LIMIT} values")
        return [self._value(head & 15, depth) for _ in range(size)]

    def _integer(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _varint(self) -> int:
        value = shift = 0
        while shift < 64:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
        raise BadParquet("it holds a number of more than 64 bits")

    def _byte(self) -> int:
        self.place += 1
        return self.body[self.place - 1]
