import io
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwharf.serving.table.columns import Columns
from modelwharf.serving.table.exchange import Answer
from modelwharf.serving.table.npy import NpyReader, NpyWriter
from modelwharf.serving.table.outputs import Outputs
from tests.unit.serving.table.toys import COLUMNS, refusal_of, refused_or_rows, same, tables

READER = NpyReader(COLUMNS)
TYPES = ["<f8", ">f8", "<f4", ">f4", "<f2", "<i8", ">i4", "i2", "i1", "<u8", "u1", "?"]


def npy(array: np.ndarray, version: tuple[int, int] | None = None) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=version)
    return file.getvalue()


def headed(header: str, data: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


@given(tables(st.floats()), st.booleans())
@settings(max_examples=50)
def test_what_numpy_saves_is_read_to_the_last_bit(table: np.ndarray, fortran: bool) -> None:
    array = np.asfortranarray(table) if fortran else table
    rows = READER.parse(npy(array)).rows
    assert same(rows, table)
    assert rows.flags.c_contiguous
    assert rows.flags.aligned


@pytest.mark.parametrize("kind", TYPES)
def test_numbers_of_any_type_become_float64(kind: str) -> None:
    array = np.array([[0, 1, 2], [3, 4, 5]]).astype(kind)
    assert same(READER.parse(npy(array)).rows, array.astype(np.float64))


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_each_version_of_the_format_is_read(version: tuple[int, int]) -> None:
    assert READER.parse(npy(np.ones((2, 3)), version)).rows.shape == (2, 3)


def test_a_flat_array_is_one_row() -> None:
    assert READER.parse(npy(np.array([1.0, 2.0, 3.0]))).rows.tolist() == [[1, 2, 3]]
    one = NpyReader(Columns(["a"]))
    assert one.parse(npy(np.array([1.0, 2.0]))).rows.tolist() == [[1], [2]]


def test_a_header_in_another_order_is_read() -> None:
    header = "{'shape': (1, 3), 'descr': '<f8', 'fortran_order': False}\n"
    assert READER.parse(headed(header, np.arange(3.0).tobytes())).rows.tolist() == [[0, 1, 2]]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "the body begins with b''; an array that numpy.save wrote begins with"),
        (b"\x93NUMPY", "the body is not an NPY array of version 1, 2 or 3"),
        (b"\x93NUMPY\x09\x00xxxx", "the body is not an NPY array of version 1, 2 or 3"),
        (b"\x93NUMPY\x01\x00\xff\xff{}", "the array's header is cut off, or longer than 4096"),
        (npy(np.ones((2, 3)))[:-1], "the header says (2, 3) of float64, which are 48 bytes, but"),
        (npy(np.ones((2, 3))) + b"x", "the header says (2, 3) of float64, which are 48 bytes, but"),
        (npy(np.ones((2, 2))), "row 1 has 2 values; the model takes 3 columns: a, b, c"),
        (npy(np.ones((2, 3, 1))), "the array has the shape (2, 3, 1); rows × columns are needed"),
        (npy(np.array(1.0)), "the array has the shape (); rows × columns are needed"),
        (npy(np.ones((0, 3))), "the array holds no row"),
        (npy(np.array([["a", "b", "c"]])), "the array's type is '<U1'; it must be one of numbers"),
        (npy(np.ones((1, 3), np.complex128)), "the array's type is '<c16'"),
        (npy(np.ones(3, [("a", "f8")])), "the array's header b"),
        (headed("{'descr': '<f8'}"), "the array's header b"),
        (headed("{'descr': '<f8', 'descr': '<f8', 'shape': (1,)}"), "the array's header b"),
        (headed("__import__('os').abort()"), "the array's header b"),
        (headed("{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999999, 3)}"),
         "the header says (999999999999999, 3) of float64"),
        (headed("(" * 4000), "the array's header b"),
        (headed("{'descr': '<f8' 'fortran_order': False, 'shape': (1, 3)}", bytes(24)),
         "the array's header b"),
        (headed("{'descr': '<f8', 'fortran_order': False, 'shape': (3)}", bytes(24)),
         "the array's header b"),
        (headed("{'descr': '<f8', 'fortran_order': False, 'shape': (01, 3)}", bytes(24)),
         "the array's header b"),
    ],
)  # fmt: skip
def test_what_is_not_an_array_of_numbers_is_refused(body: bytes, reason: str) -> None:
    assert refusal_of(READER.parse, body).reason.startswith(reason)


def test_objects_are_refused_because_they_are_pickles() -> None:
    file = io.BytesIO()
    np.save(file, np.array([[object(), 1, 2]], dtype=object), allow_pickle=True)
    assert "objects are pickles" in refusal_of(READER.parse, file.getvalue()).reason


def test_more_values_than_are_answered_at_once_are_refused() -> None:
    refusal = refusal_of(READER.parse, npy(np.zeros((2**21, 3), np.int8)))
    assert (refusal.status, "2097152 rows in one body" in refusal.reason) == (413, True)


@given(st.binary(max_size=200), st.integers(0, 140))
@settings(max_examples=200)
def test_a_damaged_array_is_refused_or_rows(noise: bytes, place: int) -> None:
    body = npy(np.ones((2, 3)))
    refused_or_rows(READER.parse, body[:place] + noise + body[place + len(noise) :])


@given(tables(st.floats(), width=2))
@settings(max_examples=30)
def test_numpy_reads_what_is_written_as_the_same_bits(table: np.ndarray) -> None:
    body = NpyWriter(Outputs(("p", "q"), ())).write(Answer(table))
    found = np.load(io.BytesIO(body))
    assert found.tobytes() == table.tobytes()
    assert body[: body.index(b"\n") + 1] == npy(table)[: len(body) - table.nbytes]


def test_labels_that_are_numbers_are_written_as_such() -> None:
    body = NpyWriter(Outputs(("label",), (3, 7))).write(Answer(np.array([1, 0, 1])))
    assert np.load(io.BytesIO(body)).tolist() == [7, 3, 7]
