"""Split an input object into records, and group records into the payloads of requests."""

import struct
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import BinaryIO

RECORD_IO_MAGIC = 0xCED7230A
_PART_OF_RECORD = 29  # bits of a RecordIO header word; the others say whether the record continues
_GOES_ON = (1, 2)  # first and middle part of a record whose data contains the magic number

Records = Iterator[bytes]
Payload = tuple[bytes, Sequence[bytes]]
"""A payload, and the records in it."""


class RecordError(Exception):
    """An input object cannot be split, or a record is too large."""


def lines(file: BinaryIO, limit: int | None) -> Records:
    """Each line without its line feed. Raises RecordError for more than ``limit`` bytes."""
    while line := file.readline(-1 if limit is None else limit + 2):
        yield line.removesuffix(b"\n")


def whole(file: BinaryIO, limit: int | None) -> Records:
    """The object itself, read up to one byte over ``limit``, which shows that it is too large."""
    yield file.read(-1 if limit is None else limit + 1)


def record_io(file: BinaryIO, limit: int | None) -> Records:
    """Each record of MXNet's RecordIO, with its header and padding. Raises RecordError."""
    record = b""
    while header := file.read(8):
        if len(header) < 8:
            raise RecordError("the RecordIO file ends in the middle of a record")
        magic, word = struct.unpack("<II", header)
        if magic != RECORD_IO_MAGIC:
            raise RecordError("no RecordIO record begins where one is due")
        size = word & ((1 << _PART_OF_RECORD) - 1)
        record += header + _exactly(file, size + -size % 4, "RecordIO")
        if word >> _PART_OF_RECORD not in _GOES_ON:
            yield record
            record = b""


def tf_record(file: BinaryIO, limit: int | None) -> Records:
    """Each record of TensorFlow's TFRecord, with length and checksums. Raises RecordError."""
    while header := file.read(12):
        if len(header) < 12:
            raise RecordError("the TFRecord file ends in the middle of a record")
        (size,) = struct.unpack("<Q", header[:8])
        yield header + _exactly(file, size + 4, "TFRecord")


def _exactly(file: BinaryIO, size: int, kind: str) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise RecordError(f"the {kind} file ends in the middle of a record")
    return data


def bare_record_io(record: bytes) -> bytes:
    """Only a record's data: "padding is removed" for SingleRecord (TransformInput)."""
    parts = []
    position = 0
    while position < len(record):
        (word,) = struct.unpack_from("<I", record, position + 4)
        size = word & ((1 << _PART_OF_RECORD) - 1)
        parts.append(record[position + 8 : position + 8 + size])
        position += 8 + size + -size % 4
    return struct.pack("<I", RECORD_IO_MAGIC).join(parts)


def bare_tf_record(record: bytes) -> bytes:
    return record[12:-4]


SPLITS: dict[str, Callable[[BinaryIO, int | None], Records]] = {
    "None": whole,
    "Line": lines,
    "RecordIO": record_io,
    "TFRecord": tf_record,
}
BARE: dict[str, Callable[[bytes], bytes]] = {
    "RecordIO": bare_record_io,
    "TFRecord": bare_tf_record,
}


def payloads(
    records: Records,
    split: str,
    *,
    single: bool,
    limit: int | None,
    prepare: Callable[[bytes], bytes],
) -> Generator[Payload]:
    """Group as many records as fit into ``limit`` bytes, or one (``single``), into a payload.

    ``prepare`` converts a record to the bytes to send. Raises RecordError for a record that does
    not fit.
    """
    glue = b"\n" if split == "Line" else b""
    strip = BARE.get(split, bytes) if single else bytes
    batch: list[bytes] = []
    parts: list[bytes] = []
    size = 0
    for record in records:
        part = prepare(strip(record))
        if limit is not None and max(len(record), len(part)) > limit:
            raise RecordError(
                f"Too much data for max payload size: a record has more than {limit} bytes; "
                "raise MaxPayloadInMB, or split the input (SplitType)"
            )
        full = limit is not None and size + len(glue) + len(part) > limit
        if batch and (single or full):
            yield glue.join(parts), batch
            batch, parts, size = [], [], 0
        size += len(part) + (len(glue) if batch else 0)
        batch.append(record)
        parts.append(part)
    if batch:
        yield glue.join(parts), batch
