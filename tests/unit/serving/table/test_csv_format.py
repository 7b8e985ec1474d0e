import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwharf.serving.table.columns import Columns
from modelwharf.serving.table.csv_format import CHUNK, CsvReader, CsvWriter
from modelwharf.serving.table.exchange import Answer
from modelwharf.serving.table.outputs import Outputs
from tests.unit.serving.table.toys import (
    COLUMNS,
    cells,
    finite,
    refusal_of,
    refused_or_rows,
    same,
    tables,
)

READER = CsvReader(COLUMNS)
ONE = CsvReader(Columns(["a"]))


def rows(body: str | bytes, reader: CsvReader = READER) -> list[list[float]]:
    found = reader.parse(body if isinstance(body, bytes) else body.encode()).rows
    return list(map(list, found.tolist()))


@given(tables(cells), st.sampled_from(["\n", "\r\n"]), st.booleans())
@settings(max_examples=60)
def test_what_python_writes_is_read_to_the_last_bit(
    table: np.ndarray, end: str, ended: bool
) -> None:
    lines = [
        ",".join("" if math.isnan(cell) else repr(cell) for cell in row) for row in table.tolist()
    ]
    body = end.join(lines) + end * ended
    assert same(READER.parse(body.encode()).rows, table)


@given(st.binary(max_size=60) | st.text('0123456789.,-+eEnainf"\r\n \t_x[]{}', max_size=40))
@settings(max_examples=300)
def test_garbage_is_refused_or_rows(body: bytes | str) -> None:
    for reader in (READER, CsvReader(COLUMNS, header=True)):
        refused_or_rows(reader.parse, body if isinstance(body, bytes) else body.encode())


@given(finite, st.sampled_from(["{:.17g}", "{:.25e}", "{!r}", "+{!r}", "{:.3f}", '"{!r}"']))
@settings(max_examples=100)
def test_any_spelling_of_a_number_is_read_as_python_reads_it(value: float, spelling: str) -> None:
    text = spelling.format(value).replace("+-", "-")
    for body in (f"{text},0,1", f"{text},0,1\n{text},0,1"):
        assert rows(body)[-1] == [float(text.strip('"')), 0.0, 1.0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9007199254740993", 9007199254740992.0),  # 2^53 + 1, to even
        ("9223372036854775808", 2.0**63),
        ("18446744073709551616", 2.0**64),
        ("123456789012345678901234567890", 1.2345678901234568e29),
        ("2.2250738585072011e-308", 2.2250738585072011e-308),
        ("1e-400", 0.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("007", 7.0),
        ("+1e+2", 100.0),
        ("inf", math.inf),
        ("-Infinity", -math.inf),
        (" 1\t", 1.0),
    ],
)
def test_numbers_at_the_edge(text: str, value: float) -> None:
    assert rows(f"{text},0,1") == [[value, 0.0, 1.0]]
    assert rows(f"1,2,3\n{text},0,1") == [[1.0, 2.0, 3.0], [value, 0.0, 1.0]]


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "1_000",
        "0x10",
        "١",
        "1e400",
        "-1e999",
        "true",
        "null",
        "1 2",
        "1e",
        "--1",
        "\0",
        "NA",
        "1\u00a0",
        '"1,2"',
        "[1]",
        "{}",
        "'1'",
        "1;2",
        "\x0b1",
        "infinit",
    ],
)
def test_what_is_not_a_number_is_refused(text: str) -> None:
    for body in (f"{text},0,1", f"1,2,3\n{text},0,1"):
        assert refusal_of(READER.parse, body.encode()).status == 400


@pytest.mark.parametrize("text", ["", "nan", "NaN", "NAN", " ", '""'])
def test_an_empty_cell_and_nan_are_missing(text: str) -> None:
    expected = np.array([[math.nan, 2, math.nan], [math.nan] * 3, [1, 2, 3]])
    body = f"{text},2,{text}\n{text},{text},{text}\n1,2,3\n"
    assert same(READER.parse(body.encode()).rows, expected)


@pytest.mark.parametrize("end", ["", "\n", "\n \n\t\n"])
def test_a_blank_behind_a_quotation_is_refused_in_the_last_line_as_in_any_other(end: str) -> None:
    for body in (f'1,2,"3"\t{end}', f'1,2,"3" {end}', f'1,2,"3"\t\n4,5,6{end}'):
        assert refusal_of(READER.parse, body.encode()).reason.startswith("line 1 is not CSV")
    assert READER.parse(f'1,2,"3"\n4,5, 6\t{end}'.encode()).rows.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_one_row_needs_no_line_end() -> None:
    for body in ("1,2,3", "1,2,3\n", "1,2,3\r\n", "\ufeff1,2,3", " 1 , 2 , 3 "):
        assert rows(body) == [[1.0, 2.0, 3.0]]


def test_blank_lines_are_not_rows() -> None:
    assert rows("1,2,3\n\n4,5,6\n\n\n") == [[1, 2, 3], [4, 5, 6]]


def test_a_blank_line_that_could_be_a_missing_value_is_refused() -> None:
    assert refusal_of(ONE.parse, b"1\n\n2").reason == (
        "row 2 is blank; write nan for a value that is missing"
    )
    assert rows("1\nnan\n2", ONE)[1] == pytest.approx([math.nan], nan_ok=True)


def test_columns_may_be_named_in_any_order() -> None:
    assert rows("c,a,b\n3,1,2\n6,4,5\n") == [[1, 2, 3], [4, 5, 6]]
    assert rows('"a","b","c"\n1,2,3') == [[1, 2, 3]]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("a,b,d\n1,2,3", "line 1 ('a,b,d') is neither a row of numbers nor the names of the "
         "columns, which are: a, b, c"),
        ("a,b,c\n", "the body holds no row under its header"),
        ("", "the body holds no row"),
        (" \n\n", "the body holds no row"),
        ("1,2", "row 1 has 2 values; the model takes 3 columns: a, b, c"),
        ("1,2,3,4", "row 1 has 4 values; the model takes 3 columns: a, b, c"),
        ("1,2,3,", "row 1 has 4 values; the model takes 3 columns: a, b, c"),
        ("1,2,3\n4,5", "row 2 has 2 values; the model takes 3 columns: a, b, c"),
        ("1,2\n3,4,5,6", "row 1 has 2 values; the model takes 3 columns: a, b, c"),
        ("1,2,\n3", "row 2 has 1 value; the model takes 3 columns: a, b, c"),
        ("1,2,3\n4,no,6", "row 2, column 'b': 'no' is not a number"),
        ("b,a,c\n1,2,3\n4,no,6", "row 2, column 'a': 'no' is not a number"),
        ("1,2,3\n4,1e400,6", "row 2, column 'b': '1e400' is beyond what a 64-bit float holds "
         "(1.8e308); write inf where infinity is meant"),
        ("1,2,3\r4,5,6", "line 1 holds a carriage return that ends no line; lines end with \\n or "
         "\\r\\n"),
        ('1,2,"3', "line 1 is not CSV: it opens a quote that nothing closes"),
        ('1,2,3\n"4,5,6\n' + "7,8,9\n" * 99, "line 2 is not CSV: it opens a quote that nothing "
         "closes"),
        ('a,b,c\n1,2,3\n4,"5,6\n' + "7,8,9\n" * 90_000, "line 3 is not CSV: it opens a quote that "
         "nothing closes"),
        ('\n\na,b,c\n1,2,3\n\n4,5,"6\n', "line 6 is not CSV: it opens a quote that nothing closes"),
        ('1,2,3\n4,"5,6\n7,8,9\n7,8",9\n7,"8"x,9\n', "line 5 is not CSV: ',' expected "
         "after '\"'"),
        ('1,2,3\n4,"5,6\n7,8,9\n7,"8",9\n', "line 2 is not CSV: it opens a quote that ends in line "
         "4, and there ',' expected after '\"'"),
        ("a,b,b\n1,2,3", "line 1: column 'b' is there twice"),
        ("a,b,c,c\n1,2,3,4", "line 1: column 'c' is there twice"),
        ('"a",b,"a"\n1,2,3', "line 1: column 'a' is there twice"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place(body: str, reason: str) -> None:
    assert refusal_of(READER.parse, body.encode()).reason == reason


def test_text_that_is_not_utf_8_is_named_by_its_line() -> None:
    assert refusal_of(READER.parse, b"1,2,3\n4,\xff,6").reason == "line 2 is not UTF-8"
    assert refusal_of(READER.parse, b"a,b,c\n\n4,\xff,6").reason == "line 3 is not UTF-8"
    long = b"\na,b,c\n" + b"1,2,3\n" * 90_000
    assert refusal_of(READER.parse, long + b"4,\xff,6").reason == "line 90003 is not UTF-8"


def test_a_header_that_the_client_tells_of_names_no_column_twice() -> None:
    told = CsvReader(COLUMNS, header=True)
    reason = "the first line: column 'b' is there twice"
    assert refusal_of(told.parse, b"a,b,b\n1,2,3").reason == reason
    assert refusal_of(told.parse, b"a,b,c,b\n1,2,3,4").reason == reason


def test_names_that_read_as_numbers_are_a_header_only_when_the_client_says_so() -> None:
    columns = Columns(["0", "1"])
    assert rows("0,1\n2,3", CsvReader(columns)) == [[0, 1], [2, 3]]
    assert rows("1,0\n2,3", CsvReader(columns, header=True)) == [[3, 2]]
    assert rows("0,1\n2,3", CsvReader(columns, header=False)) == [[0, 1], [2, 3]]


def test_a_large_body_is_read_in_pieces_that_lose_nothing() -> None:
    table = np.random.default_rng(0).normal(size=(20_000, 3))
    table[7, 1] = math.nan
    lines = [",".join(map(repr, row)) for row in table.tolist()]
    body = "\n".join(lines).encode()
    assert len(body) > 2 * CHUNK
    assert same(READER.parse(body).rows, table)
    lines[15_000] = "1,2,x"
    refusal = refusal_of(READER.parse, "\n".join(lines).encode())
    assert refusal.reason == "row 15001, column 'c': 'x' is not a number"


def test_a_hundred_thousand_columns_are_refused_at_once() -> None:
    assert "row 1 has 100000 values" in refusal_of(READER.parse, b"1," * 99_999 + b"1").reason


def test_more_rows_than_are_answered_at_once_are_refused() -> None:
    assert refusal_of(ONE.parse, b"1\n" * 1_100_000).status == 413


@given(tables(st.floats(), width=2))
@settings(max_examples=60)
def test_what_is_written_reads_as_the_same_bits(table: np.ndarray) -> None:
    text = CsvWriter(Outputs(("p", "q"), ())).write(Answer(table)).decode()
    read = np.array([[float(cell) for cell in line.split(",")] for line in text.splitlines()])
    assert same(read, table)
    column = np.ascontiguousarray(table[:, 0])
    text = CsvWriter(Outputs(("p",), ())).write(Answer(column)).decode()
    assert same(np.array([float(line) for line in text.splitlines()]), column)


@pytest.mark.parametrize("value", [0.1, -0.0, 1e16, 5e-324, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("shape", [(1,), (1, 1)])
def test_a_lone_answer_is_a_line_that_reads_as_the_same_bits(
    value: float, shape: tuple[int, ...]
) -> None:
    text = CsvWriter(Outputs(("p",), ())).write(Answer(np.full(shape, value))).decode()
    assert text.endswith("\n")
    assert same(np.array([float(line) for line in text.splitlines()]), np.array([value]))


def test_labels_are_written_so_that_csv_reads_them() -> None:
    writer = CsvWriter(Outputs(("label",), ("plain", 'a "b", c', 7)))
    assert writer.write(Answer(np.array([1, 0, 2]))) == b'"a ""b"", c"\nplain\n7\n'


@pytest.mark.parametrize(
    ("body", "row"), [("\n1\n", 1), ("1\n\n", 2), ("1\r\n\r\n", 2), ("a\n1\n\n", 2), ("1\n ", 2)]
)
def test_a_blank_line_at_an_end_of_a_single_column_is_refused(body: str, row: int) -> None:
    assert f"row {row} is blank" in refusal_of(ONE.parse, body.encode()).reason


@pytest.mark.parametrize("body", ["", "\n", "\r\n", "a\n", "a"])
def test_a_single_column_without_a_row_is_refused(body: str) -> None:
    assert refusal_of(ONE.parse, body.encode()).status == 400
