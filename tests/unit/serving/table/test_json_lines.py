import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwharf.serving.table.exchange import Answer
from modelwharf.serving.table.json_lines import JsonLinesReader, JsonLinesWriter
from modelwharf.serving.table.outputs import Outputs
from tests.unit.serving.table.toys import (
    COLUMNS,
    NAMES,
    cells,
    refusal_of,
    refused_or_rows,
    same,
    tables,
)

READER = JsonLinesReader(COLUMNS)
LINES: dict[str, Any] = {
    "lists": lambda row: row,
    "features": lambda row: {"features": row},
    "names": lambda row: dict(zip(NAMES, row, strict=True)),
}


@given(tables(cells), st.sampled_from(sorted(LINES)), st.sampled_from(["\n", "\r\n", "\n\n"]))
@settings(max_examples=80)
def test_each_line_is_read_to_the_last_bit(table: np.ndarray, kind: str, end: str) -> None:
    lines = [json.dumps(LINES[kind](row)) for row in table.tolist()]
    for body in (end.join(lines), end.join(lines) + end):
        assert same(READER.parse(body.encode()).rows, table)


def test_lines_of_several_kinds_are_read() -> None:
    body = b'[1,2,3]\n{"features": [4,5,6]}\n{"c":9,"b":8,"a":7}\n'
    assert READER.parse(body).rows.tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]


@pytest.mark.parametrize("kind", sorted(LINES))
def test_a_large_body_is_read_in_pieces_that_lose_nothing(kind: str) -> None:
    table = np.random.default_rng(0).normal(size=(12_000, 3))
    lines = [json.dumps(LINES[kind](row)) for row in table.tolist()]
    assert same(READER.parse("\n".join(lines).encode()).rows, table)
    lines[9_999] = "[1,2]"
    reason = refusal_of(READER.parse, "\n".join(lines).encode()).reason
    assert reason == "row 10000 has 2 values; the model takes 3 columns: a, b, c"


@given(st.binary(max_size=60) | st.text('[]{}",:0123456789.-efatursNn \n', max_size=50))
@settings(max_examples=200)
def test_garbage_is_refused_or_rows(body: bytes | str) -> None:
    refused_or_rows(READER.parse, body if isinstance(body, bytes) else body.encode())


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "the body holds no row"),
        ("\n \n", "the body holds no row"),
        ("[1,2,3]\n[1,2", "row 2: the body is not JSON: "),
        ("[1,2,3],[4,5,6]\n[7,8,9]", "row 1: the body is not JSON: "),
        ("[1,2\n,3]", "row 1: the body is not JSON: "),
        ("[1,2,3]\n7", "row 2 is 7; a row is a list of 3 numbers, or an object by column name"),
        ('{"features": [1,2,3]\n{"features": [1,2,3]}}', "row 1: the body is not JSON"),
        ('{"a":1,"b":2,"c":3,"a":4}', "row 1: the key 'a' stands twice in one object"),
        ('{"features":["x",1,2]}', "row 1, column 'a': 'x' is not a number"),
        ("[1,2,3]\x0c\n[4,5,6]", "row 1: the body is not JSON: "),
        ("\x0b\n[1,2,3]", "row 1: the body is not JSON: "),
    ],
)
def test_what_is_wrong_is_named_with_its_row(body: str, reason: str) -> None:
    assert refusal_of(READER.parse, body.encode()).reason.startswith(reason)


@given(tables(st.floats(allow_nan=False, allow_infinity=False), width=2))
@settings(max_examples=50)
def test_what_is_written_reads_as_the_same_bits(table: np.ndarray) -> None:
    text = JsonLinesWriter(Outputs(("p", "q"), ())).write(Answer(table))
    assert same(np.array([json.loads(line)["prediction"] for line in text.splitlines()]), table)


def test_one_prediction_a_line() -> None:
    numbers = JsonLinesWriter(Outputs(("p",), ()))
    assert numbers.write(Answer(np.array([0.5, math.nan]))) == (
        b'{"prediction":0.5}\n{"prediction":null}\n'
    )
    labels = JsonLinesWriter(Outputs(("label",), ("no", "yes")))
    assert labels.write(Answer(np.array([1]))) == b'{"prediction":"yes"}\n'
