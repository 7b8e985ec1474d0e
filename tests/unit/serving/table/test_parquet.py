import base64
import io
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pyarrow.parquet.encryption as encryption
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwharf.serving.table.exchange import Answer
from modelwharf.serving.table.outputs import Outputs
from modelwharf.serving.table.parquet import ParquetReader, ParquetWriter
from modelwharf.serving.table.parquet_pages import VALUE_LIMIT
from tests.unit.serving.table.toys import (
    COLUMNS,
    NAMES,
    refusal_of,
    refused_or_rows,
    same,
    tables,
)

READER = ParquetReader(COLUMNS)


def parquet(columns: dict[str, Any], **options: Any) -> bytes:
    file = io.BytesIO()
    pa.parquet.write_table(pa.table(columns), file, **options)
    return file.getvalue()


def of_rows(table: np.ndarray) -> dict[str, Any]:
    return {name: table[:, place] for place, name in enumerate(NAMES)}


def too_large() -> bytes:
    """A function, as every worker imports this file: it takes half a second."""
    index = [f"{n}" * 2**23 for n in range(9)]
    return parquet({**of_rows(np.ones((9, 3))), "__index_level_0__": index}, compression="zstd")


def too_long() -> bytes:
    return parquet(of_rows(np.ones((2**21, 3))))


@given(tables(st.floats()), st.sampled_from(["none", "snappy", "gzip", "zstd"]))
@settings(max_examples=30)
def test_columns_are_read_by_name_to_the_last_bit(table: np.ndarray, compression: str) -> None:
    columns = dict(reversed(of_rows(table).items()))
    body = parquet(columns, compression=compression, row_group_size=2)
    assert same(READER.parse(body).rows, table)


def varint(number: int) -> bytes:
    """As Thrift's compact protocol writes a length in 28 bits."""
    return bytes((number >> shift & 127) | 128 * (shift < 21) for shift in (0, 7, 14, 21))


def test_a_small_file_whose_page_unpacks_to_more_than_its_footer_says_is_refused() -> None:
    rows = np.zeros((2**17, 3))
    body = parquet(
        of_rows(rows),
        compression="zstd",
        use_dictionary=False,
        data_page_size=2**30,
        max_rows_per_page=2**30,
    )
    file = pa.parquet.ParquetFile(io.BytesIO(body))
    header = file.metadata.row_group(0).column(0).data_page_offset
    # The page's type, then the size that it unpacks to: the values, and which of them are there.
    assert body[header : header + 3] == b"\x15\x00\x15"
    assert body[header + 4 : header + 7] == varint(2 * rows[:, 0].nbytes)[1:]
    changed = body[: header + 3] + varint(2 * (2**27 - 1)) + body[header + 7 :]
    assert READER.parse(body).rows.shape == rows.shape
    refusal = refusal_of(READER.parse, changed)
    assert (refusal.status, refusal.reason[:19]) == (413, "the file unpacks to")


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd", "brotli", "lz4"])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("dictionary", [True, False])
def test_pages_of_every_kind_are_followed(compression: str, version: str, dictionary: bool) -> None:
    table = np.random.default_rng(0).normal(size=(4_000, 3)).round(1)
    body = parquet(
        of_rows(table),
        compression=compression,
        data_page_version=version,
        use_dictionary=dictionary,
        data_page_size=2_000,
    )
    assert same(READER.parse(body).rows, table)


def test_numbers_of_any_type_become_float64_and_null_is_missing() -> None:
    columns = {
        "a": pa.array([1, None], pa.int64()),
        "b": pa.array([True, False]),
        "c": pa.array([None, None], pa.null()),
        "__index_level_0__": ["x", "y"],
    }
    expected = np.array([[1, 1, math.nan], [math.nan, 0, math.nan]])
    assert same(READER.parse(parquet(columns)).rows, expected)


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 400, "the body is not a readable Parquet file"),
        (b"PAR1" * 10, 400, "the body is not a readable Parquet file"),
        (parquet(of_rows(np.ones((2, 3))))[:-9], 400, "the body is not a readable Parquet file"),
        (parquet({"a": [1.0], "b": [1.0]}), 400, "the file: column 'c' is missing"),
        (parquet({"a": [1], "b": [1], "c": [1], "d": [1]}), 400, "the file: unknown column 'd'"),
        (parquet({"a": [1.0], "b": ["x"], "c": [1.0]}), 400, "column 'b' holds string; it must"),
        (parquet(of_rows(np.ones((0, 3)))), 400, "the file holds no row"),
        (too_long, 413, "2097152 rows in one body"),
        (too_large, 413, "the file unpacks to"),
    ],
)
def test_what_is_not_a_table_of_numbers_is_refused(
    body: bytes | Callable[[], bytes], status: int, reason: str
) -> None:
    refusal = refusal_of(READER.parse, body if isinstance(body, bytes) else body())
    assert (refusal.status, refusal.reason[: len(reason)]) == (status, reason)


def test_a_type_that_is_not_a_number_is_reported_briefly() -> None:
    body = parquet({"a": [{f"f{n}": 1 for n in range(2_000)}], "b": [1.0], "c": [1.0]})
    reason = refusal_of(READER.parse, body).reason
    assert reason.startswith("column 'a' holds struct<f0: int64, f1")
    assert len(reason) < 200


class Keys(encryption.KmsClient):  # type: ignore[misc]  # pyarrow has no types
    """A key service that keeps no secret."""

    def wrap_key(self, key: bytes, name: str) -> bytes:
        return base64.b64encode(key)


@pytest.mark.parametrize(
    ("plaintext_footer", "reason"),
    [(True, "column 'b' is encrypted"), (False, "its footer is encrypted")],
)
def test_what_is_encrypted_is_said_to_be_and_not_damaged(
    plaintext_footer: bool, reason: str
) -> None:
    asked = encryption.EncryptionConfiguration(
        footer_key="k", plaintext_footer=plaintext_footer, column_keys={"k": ["b"]}
    )
    properties = encryption.CryptoFactory(lambda _: Keys()).file_encryption_properties(
        encryption.KmsConnectionConfig(), asked
    )
    body = parquet(of_rows(np.ones((2, 3))), encryption_properties=properties)
    assert refusal_of(READER.parse, body).reason == (
        f"the body is not a readable Parquet file: {reason}; send the file without encryption"
    )


@given(st.binary(min_size=1, max_size=20), st.integers(0, 2_000))
@settings(max_examples=200, deadline=None)
def test_a_damaged_file_is_refused_or_rows(noise: bytes, place: int) -> None:
    body = parquet(of_rows(np.ones((5, 3))))
    place %= len(body)
    refused_or_rows(READER.parse, body[:place] + noise + body[place + len(noise) :])


@given(tables(st.floats(), width=2))
@settings(max_examples=20)
def test_pyarrow_reads_what_is_written_as_the_same_bits(table: np.ndarray) -> None:
    body = ParquetWriter(Outputs(("p", "q"), ())).write(Answer(table))
    found = pa.parquet.read_table(io.BytesIO(body))
    assert found.column_names == ["p", "q"]
    assert same(np.column_stack([column.to_numpy() for column in found.columns]), table)


def test_labels_are_written_as_text_or_numbers() -> None:
    for labels, expected in ((("no", "yes"), ["yes", "no"]), ((3, 7), [7, 3])):
        body = ParquetWriter(Outputs(("label",), labels)).write(Answer(np.array([1, 0])))
        assert pa.parquet.read_table(io.BytesIO(body))["label"].to_pylist() == expected


def test_a_footer_of_endless_lists_is_refused_before_it_takes_memory() -> None:
    size = VALUE_LIMIT + 1
    varint = bytes(
        (size >> shift & 127) | 128 * (size >> shift + 7 > 0) for shift in (0, 7, 14, 21)
    )
    footer = b"\x49\xf1" + varint + bytes(size)  # field 4: a list of truth values
    body = b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1"
    assert "more than" in refusal_of(READER.parse, body).reason
