"""What the pages of a Parquet file unpack to, by their own headers.

The footer says it too, but a reader goes by the headers: a file of a kilobyte whose footer is
modest can unpack to gigabytes. The headers are Thrift's compact protocol:
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md,
https://github.com/apache/parquet-format (struct PageHeader).
"""

from dataclasses import dataclass

UNPACKED_SIZE, PACKED_SIZE = 2, 3  # fields of PageHeader
BOOLEANS, BYTE, INTEGERS, DOUBLE, BINARY, STRUCT = (1, 2), 3, (4, 5, 6), 7, 8, 12
PAGE_LIMIT = 50_000
DEPTH_LIMIT = 8


class BadPages(ValueError):
    """The pages cannot be followed, or there are too many."""


def unpacked_size(body: bytes, start: int, end: int) -> int:
    """Bytes that the pages between two offsets unpack to. Raises BadPages."""
    reader = _Reader(body, start)
    total = 0
    for _ in range(PAGE_LIMIT):
        if reader.place >= end:
            return total
        try:
            fields = reader.struct(DEPTH_LIMIT)
            unpacked, packed = fields[UNPACKED_SIZE], fields[PACKED_SIZE]
        except (IndexError, KeyError):
            raise BadPages("a page's header is cut off") from None
        if unpacked < 0 or packed < 0:
            raise BadPages("a page has a negative size")
        total += unpacked
        reader.place += packed
    raise BadPages(f"there are more than {PAGE_LIMIT} pages in a column")


@dataclass
class _Reader:
    body: bytes
    place: int

    def struct(self, depth: int) -> dict[int, int]:
        """The integers among its fields, by number; all others are skipped."""
        if not depth:
            raise BadPages("a page's header is nested too deeply")
        found: dict[int, int] = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._integer()
            kind = head & 15
            if kind in INTEGERS:
                found[number] = self._integer()
            else:
                self._skip(kind, depth)
        return found

    def _skip(self, kind: int, depth: int) -> None:
        if kind == STRUCT:
            self.struct(depth - 1)
        elif kind == BINARY:
            size = self._varint()
            self.place += size
        elif kind == DOUBLE:
            self.place += 8
        elif kind == BYTE:
            self.place += 1
        elif kind not in BOOLEANS:
            raise BadPages(f"a page's header holds a field of the type {kind}, which none has")

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
        raise BadPages("a page's header holds a number of more than 64 bits")

    def _byte(self) -> int:
        self.place += 1
        return self.body[self.place - 1]
