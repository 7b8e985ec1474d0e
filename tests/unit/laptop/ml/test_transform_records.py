"""What a request of batch transform is made of: records, payloads and paths."""

import io
import struct
from typing import Any

import pytest

from modelwharf.laptop.sagemaker.transform.json_path import JsonPath, PathError
from modelwharf.laptop.sagemaker.transform.records import (
    RECORD_IO_MAGIC,
    SPLITS,
    RecordError,
    payloads,
)

ROW = ["a", "b", "c", "d", "e", "f"]
RECORD = {"id": 7, "features": [1, 2, 3], "deep": {"x": 1, "y": 2}}


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        ("$", ROW, ROW),
        ("$[1]", ROW, "b"),
        ("$[0,-1]", ROW, ["a", "f"]),
        ("$[1:4]", ROW, ["b", "c", "d", "e"]),
        ("$[4:]", ROW, ["e", "f"]),
        ("$[:1]", ROW, ["a", "b"]),
        ("$[:-2]", ROW, ["a", "b", "c", "d", "e"]),
        ("$.features", RECORD, [1, 2, 3]),
        ("$['features'][0]", RECORD, 1),
        ("$['id','deep']", RECORD, {"id": 7, "deep": {"x": 1, "y": 2}}),
        ("$.deep.['x','y']", RECORD, {"x": 1, "y": 2}),
        ("$.deep.*", RECORD, [1, 2]),
        ("$[*].a", [{"a": 1}, {"a": 2}], [1, 2]),
    ],
)
def test_a_path_selects_what_the_guide_says(path: str, value: Any, found: Any) -> None:
    assert JsonPath.parse(path).select(value) == found


@pytest.mark.parametrize("path", ["id", "$..id", "$[?(@.a)]", "$.a[", "$['a"])
def test_a_path_beyond_the_subset_is_refused(path: str) -> None:
    with pytest.raises(PathError, match="allowed: "):
        JsonPath.parse(path)


@pytest.mark.parametrize(
    ("path", "value"),
    [("$[6]", ROW), ("$[-7]", ROW), ("$[2:9]", ROW), ("$.none", RECORD), ("$[0]", RECORD)],
)
def test_what_a_record_does_not_have_is_an_error(path: str, value: Any) -> None:
    with pytest.raises(PathError, match=r"record has|not a list"):
        JsonPath.parse(path).select(value)


def record_io(data: bytes, flag: int = 0) -> bytes:
    header = struct.pack("<II", RECORD_IO_MAGIC, flag << 29 | len(data))
    return header + data + b"\0" * (-len(data) % 4)


def tf_record(data: bytes) -> bytes:
    return struct.pack("<Q", len(data)) + b"CRC1" + data + b"CRC2"


def sent(split: str, content: bytes, *, single: bool, limit: int | None = None) -> list[bytes]:
    records = SPLITS[split](io.BytesIO(content), limit)
    found = payloads(records, split, single=single, limit=limit, prepare=bytes)
    return [body for body, _ in found]


@pytest.mark.parametrize(("split", "wrap"), [("RecordIO", record_io), ("TFRecord", tf_record)])
def test_binary_records_lose_their_padding_when_they_are_alone(split: str, wrap: Any) -> None:
    content = wrap(b"one") + wrap(b"three")
    assert sent(split, content, single=True) == [b"one", b"three"]
    assert sent(split, content, single=False) == [content]


def test_a_record_in_parts_is_one_record() -> None:
    content = record_io(b"ab", 1) + record_io(b"cd", 3) + record_io(b"next")
    magic = struct.pack("<I", RECORD_IO_MAGIC)
    assert sent("RecordIO", content, single=True) == [b"ab" + magic + b"cd", b"next"]


@pytest.mark.parametrize("split", ["RecordIO", "TFRecord"])
def test_a_file_that_ends_in_a_record_is_an_error(split: str) -> None:
    wrap = record_io if split == "RecordIO" else tf_record
    with pytest.raises(RecordError, match="ends in the middle"):
        sent(split, wrap(b"whole") + wrap(b"cut")[:-2], single=True)


def test_what_is_not_record_io_is_an_error() -> None:
    with pytest.raises(RecordError, match="no RecordIO record"):
        sent("RecordIO", b"a,b,c\nd,e,f\n", single=True)


def test_a_payload_counts_the_line_feeds_between_its_records() -> None:
    assert sent("Line", b"ab\ncd\nef\n", single=False, limit=5) == [b"ab\ncd", b"ef"]
    assert sent("Line", b"ab\ncd\nef\n", single=False, limit=4) == [b"ab", b"cd", b"ef"]


def test_a_line_may_be_as_long_as_the_payload_and_no_longer() -> None:
    assert sent("Line", b"abcd\n", single=False, limit=4) == [b"abcd"]
    with pytest.raises(RecordError, match="Too much data"):
        sent("Line", b"abcde\n", single=False, limit=4)


def test_an_object_that_is_not_split_is_one_record() -> None:
    assert sent("None", b"a\nb\n", single=True, limit=4) == [b"a\nb\n"]
    with pytest.raises(RecordError, match="MaxPayloadInMB"):
        sent("None", b"a\nb\nc", single=False, limit=4)
