import json
import math
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwharf.serving.table.columns import Columns
from modelwharf.serving.table.exchange import Answer, Envelope
from modelwharf.serving.table.json_format import JsonReader, JsonWriter
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

READER = JsonReader(COLUMNS)
ONE = JsonReader(Columns(["a"]))
SIZES = (1, 7_000)  # rows; the second makes lists that are read in pieces


def shapes(table: np.ndarray) -> dict[str, Any]:
    """The same rows in each shape that is understood."""
    rows = table.tolist()
    backwards = [row[::-1] for row in rows]
    records = [dict(zip(NAMES, row, strict=True)) for row in rows]
    by_column = {name: table[:, place].tolist() for place, name in enumerate(NAMES)}
    flat = table.ravel().tolist()
    size = list(table.shape)
    return {
        "instances": {"instances": rows},
        "instances with a signature": {"signature_name": "x", "instances": rows},
        "instances by name": {"instances": records},
        "instances with features": {"instances": [{"features": row} for row in rows]},
        "inputs": {"inputs": rows, "params": {"x": 1}},
        "inputs by column": {"inputs": by_column},
        "split": {
            "dataframe_split": {
                "columns": list(NAMES)[::-1],
                "data": backwards,
                "index": list(range(len(rows))),
            }
        },
        "records": {"dataframe_records": [dict(reversed(one.items())) for one in records]},
        "rows": rows,
        "rows by name": records,
        "tensor": {"inputs": [{"name": "x", "shape": size, "datatype": "FP64", "data": flat}]},
        "nested tensor": {
            "id": "7",
            "inputs": [{"name": "x", "shape": size, "datatype": "FP64", "data": rows}],
        },
        "tensors by column": {
            "inputs": [
                {
                    "name": name,
                    "shape": [len(rows), 1],
                    "datatype": "FP64",
                    "data": by_column[name],
                    "parameters": {},
                }
                for name in NAMES[::-1]
            ]
        },
        "nested tensors by column": {
            "inputs": [
                {
                    "name": name,
                    "shape": [len(rows), 1],
                    "datatype": "FP64",
                    "data": [[value] for value in by_column[name]],
                }
                for name in NAMES
            ]
        },
    }


@pytest.mark.parametrize("shape", list(shapes(np.zeros((1, 3)))))
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("indented", [False, True])
def test_each_shape_is_read_to_the_last_bit(
    shape: str, size: int, missing: bool, indented: bool
) -> None:
    table = np.random.default_rng(size).normal(size=(size, 3))
    if missing:
        table[size // 2, 1] = math.nan
    document = shapes(table)[shape]
    if indented:
        body = orjson.dumps(document, option=orjson.OPT_INDENT_2)
        bodies = [body, body.replace(b"null", b"NaN")]
    else:  # Python writes NaN, others null.
        bodies = [json.dumps(document).encode(), orjson.dumps(document)]
    for body in bodies:
        assert same(READER.parse(body).rows, table)


@given(tables(cells), st.sampled_from(sorted(shapes(np.zeros((1, 3))))))
@settings(max_examples=80)
def test_any_rows_are_read_to_the_last_bit(table: np.ndarray, shape: str) -> None:
    assert same(READER.parse(json.dumps(shapes(table)[shape]).encode()).rows, table)


values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["a", "b", "c", "instances", "inputs", "data", "name", "shape", "datatype",
                 "columns", "dataframe_split", "dataframe_records", "features", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)  # fmt: skip


@given(values)
@settings(max_examples=300)
def test_any_json_is_refused_or_rows(document: Any) -> None:
    for reader, width in ((READER, 3), (ONE, 1)):
        refused_or_rows(reader.parse, json.dumps(document).encode(), width)


@given(st.binary(max_size=60) | st.text('[]{}",:0123456789.-eNaInfinitytruels \n', max_size=40))
@settings(max_examples=200)
def test_garbage_is_refused(body: bytes | str) -> None:
    refused_or_rows(READER.parse, body if isinstance(body, bytes) else body.encode())


@pytest.mark.parametrize("body", ["[1,2,3]", '{"a":1,"b":2,"c":3}', '{"features":[1,2,3]}',
                                  '{"inputs":{"b":2,"a":1,"c":3}}', "\ufeff[[1,2,3]]",
                                  '{"instances":[[true,2,3.0]]}'])  # fmt: skip
def test_one_row_may_stand_alone(body: str) -> None:
    assert READER.parse(body.encode()).rows.tolist() == [[1.0, 2.0, 3.0]]


@pytest.mark.parametrize("body", ["[1,2,3]", '{"instances":[1,2,3]}', '{"inputs":[[1],[2],[3]]}'])
def test_the_rows_of_a_single_column_need_no_lists(body: str) -> None:
    assert ONE.parse(body.encode()).rows.tolist() == [[1.0], [2.0], [3.0]]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9007199254740993", 9007199254740992.0),
        ("18446744073709551615", 2.0**64),
        ("18446744073709551616", 2.0**64),
        ("1" + "0" * 300, 1e300),
        ("1e-400", 0.0),
        ("Infinity", math.inf),
        ("-Infinity", -math.inf),
    ],
)
def test_numbers_at_the_edge(text: str, value: float) -> None:
    body = f'{{"instances":[[{text},0,1]]}}'.encode()
    assert READER.parse(body).rows.tolist() == [[value, 0.0, 1.0]]


def tensor(**changes: Any) -> str:
    whole = {"name": "x", "shape": [1, 3], "datatype": "FP64", "data": [1, 2, 3], **changes}
    return json.dumps({"inputs": [{k: v for k, v in whole.items() if v != "absent"}]})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "the body is not JSON: Expecting value"),
        ("{", "the body is not JSON: "),
        ("[" * 100_000, "the body is nested too deeply"),
        ('{"a":' * 1000, "the body is n"),
        ("[]", "the body holds no row"),
        ('{"instances":[]}', "the body holds no row"),
        ("3", "the body is 3; rows come as"),
        ("{}", "the body is an object of nothing; rows come as"),
        ('{"rows":[[1,2,3]]}', "the body is an object of 'rows'; rows come as"),
        ('{"instances":[[1,2,3]],"instances":[[4,5,6]]}', "the key 'instances' stands twice"),
        ('[{"a":1,"b":2,"c":3,"c":4}]', "the key 'c' stands twice in one object"),
        ('{"instances":[[1,2,3]],"inputs":[[1,2,3]]}', 'rows stand under "instances" and under'),
        ('{"instances":[[1,2,3]],"x":1}', "unknown key 'x' beside \"instances\"; known ones: par"),
        ('{"instances":[[1,2,3],[4,5]]}', "row 2 has 2 values; the model takes 3 columns: a, b, c"),
        (
            '{"instances":[[1,2,"3"]]}',
            "row 1, column 'c': '3' is not a number (a text); numbers stan",
        ),
        ('{"instances":[[1,2,[3]]]}', "row 1, column 'c': [3] is not a number"),
        ('{"instances":[[1,2,3],4]}', "row 2 is 4; a row is a list of 3 numbers, or an object by"),
        ('{"instances":[[1,2,1e400]]}', "'1e400' is beyond what a 64-bit float holds"),
        ('{"instances":[{"a":1,"b":2,"d":3}]}', "row 1: unknown column 'd'; the model takes a, b"),
        ('{"instances":[{"a":1,"b":2}]}', "row 1: column 'c' is missing; the model takes a, b, c"),
        ('{"instances":"x"}', "rows come as a list, not as 'x'"),
        ('{"inputs":{"a":[1,2],"b":[3],"c":[5,6]}}', "column 'b' has 1 values, but 'a' has 2"),
        ('{"dataframe_split":{"columns":["a","b","x"],"data":[[1,2,3]]}}', '"columns": unknown co'),
        ('{"dataframe_split":[]}', '"dataframe_split" is an object of "columns" and "data"'),
        (tensor(shape=[2, 3]), "input 'x' holds 3 values, but its shape [2, 3] makes 6"),
        (tensor(shape=[1, 2]), "row 1 has 2 values; the model takes 3 columns"),
        (tensor(shape=[-1, 3]), "input 1: shape is [-1, 3]; it is a list of numbers from 1"),
        (tensor(shape=[10**18, 3]), f"{10**18} rows in one body"),
        (tensor(datatype="BYTES"), "input 1: datatype is 'BYTES'; a table of numbers is one of"),
        (tensor(datatype="INT8", data=[1, 2, 300]), "input 'x' holds 300.0, which is not of its"),
        (tensor(datatype="INT8", data=[1, 2, 0.5]), "input 'x' holds 0.5, which is not of its"),
        (tensor(datatype="FP32", data=[1, 2, 1e39]), "input 'x' holds a value that is beyond its"),
        (tensor(name="absent"), "input 1 lacks 'name'"),
        (tensor(extra=1), "input 1: unknown key 'extra'; known ones: name, shape"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(body: str, reason: str) -> None:
    refusal = refusal_of(READER.parse, body.encode())
    assert refusal.reason.startswith(reason)
    assert refusal.status == (413 if "rows in one body" in reason else 400)


def test_text_that_is_not_utf_8_is_refused() -> None:
    for body in (b'{"inst\xffances":[[1,2,3]]}', '{"instances":[[1,2,3]]}'.encode("utf-16")):
        assert refusal_of(READER.parse, body).status == 400


def test_what_is_wrong_in_a_large_body_is_named_with_its_place() -> None:
    rows = [[1.5, 2.5, 3.5]] * 60_000
    rows[50_000] = [1.5, 2.5]
    body = orjson.dumps({"instances": rows})
    reason = "row 50001 has 2 values; the model takes 3 columns: a, b, c"
    assert refusal_of(READER.parse, body).reason == reason
    body = orjson.dumps({"instances": [dict(zip(NAMES, row, strict=False)) for row in rows]})
    reason = "row 50001: column 'c' is missing; the model takes a, b, c"
    assert refusal_of(READER.parse, body).reason == reason


@pytest.mark.parametrize(
    "rows", ["[[1,2,3],[4,[5,6]]]", "[[1,2],[3,[4],5,6]]", "[[[1,2,3],[4,5,6]]]", "[[1,2,3],4,5,6]"]
)
def test_lists_in_lists_are_not_flattened(rows: str) -> None:
    many = ",".join(["[1.25,2.25,3.25]"] * 3_000)
    for body in (rows, f"[{many},{rows[1:]}", f"{rows[:-1]},{many}]"):
        assert refusal_of(READER.parse, body.encode()).status == 400


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b"0," * (12 * 2**20) + b"0]",
        b'{"instances":[' + b"[]," * (2**21) + b"[]]}",
        b'{"instances":[[' + b'"a",' * (2**22 - 1) + b'"a"]]}',
    ],
)
def test_a_body_of_too_many_values_is_refused_before_it_is_read(body: bytes) -> None:
    assert refusal_of(READER.parse, body).status == 413


LONG = "[" + "1," * 20_000 + "1]"  # longer than what is read at once with the rest
ROWS = "[[1,2,3],[4,5,6]]"
RECORDS = ",".join(['{"a":1,"b":2,"c":3}'] * 20_000)
BESIDE_ROWS = {
    "index": f'{{"dataframe_split":{{"data":{ROWS},"index":%s}}}}',
    "params": f'{{"params":%s,"instances":{ROWS}}}',
    "a value of params": f'{{"instances":{ROWS},"params":{{"x":[{{"y":%s}}]}}}}',
    "an element of many in params": f'{{"instances":{ROWS},"params":[{"7," * 20_000}{{"y":%s}}]}}',
    "id": f'{{"id":%s,"instances":{ROWS}}}',
    "parameters of a tensor": '{"inputs":[{"name":"x","shape":[2,3],"datatype":"INT8",'
    '"data":[1,2,3,4,5,6],"parameters":%s}]}',
}


@pytest.mark.parametrize("place", sorted(BESIDE_ROWS))
@pytest.mark.parametrize(
    ("written", "means"),
    [
        (LONG, True),
        (LONG.replace("1", "[7]"), True),
        (LONG.replace("1", "[[7],8]"), True),
        (LONG.replace("1", "null"), True),
        (LONG.replace("1", "NaN"), True),
        (f"{LONG[:-1]},45-1e999]", False),
        (f"{LONG[:-1]},1e999]", False),
        (f"{LONG[:-1]},]", False),
        (f"{LONG[:-1]},[]", False),
        (f"{LONG[:-1]}]]", False),
        (f"{LONG},{LONG}", False),
        (f"{LONG[:-1]},\x00]", False),
        (f"{LONG[:-1]},\x0c1]", False),
        (f"{{{LONG}:1}}", False),
        (f'["{LONG}"]', True),
        (f'["{LONG}]', False),
        ("[" * 20_000 + "]" * 20_000, False),
    ],
)
def test_what_stands_beside_rows_is_json_to_its_last_byte(
    place: str, written: str, means: bool
) -> None:
    body = (BESIDE_ROWS[place] % written).encode()
    if means:
        assert READER.parse(body).rows.tolist() == [[1, 2, 3], [4, 5, 6]]
    else:
        assert refusal_of(READER.parse, body).status == 400


@pytest.mark.parametrize(
    "body",
    [
        f'{{"instances":[{RECORDS}]',
        f'{{"instances":[{RECORDS}]}}}}',
        f'{{"instances":[{RECORDS}]]}}',
        f'{{"instances":[{RECORDS},]}}',
        f"[{RECORDS}]}}",
        f"[{RECORDS}",
        f'{{"instances":{LONG},{LONG}}}',
        f'{{"instances":[{LONG}],[{LONG}]}}',
        f'{{"instances":{ROWS[:-1]},{",".join(["[1,2,3]"] * 9_000)}]]}}',
    ],
)
def test_a_large_body_that_is_not_closed_as_it_was_opened_is_refused(body: str) -> None:
    assert refusal_of(READER.parse, body.encode()).status == 400


def test_a_comma_behind_the_last_value_is_refused_wherever_a_piece_ends() -> None:
    for more in range(12):
        values = "1," * 131_070 + "1" * more + "1,"
        body = f'{{"inputs":{{"a":[{values}],"b":[{values}],"c":[{values}]}}}}'
        assert refusal_of(READER.parse, body.encode()).reason.startswith("the body is not JSON")
        rows = "[1]," * 65_535 + "[1" + "1" * more + "],"
        refusal = refusal_of(ONE.parse, f'{{"instances":[{rows}]}}'.encode())
        assert refusal.reason.startswith("the body is not JSON")


def test_a_key_that_stands_twice_is_refused_in_a_large_body_too() -> None:
    records = '{"a":1,"b":2,"c":3},' * 70_000
    twice = f'{{"id":"\\"\\\\","instances":[{records}{{"a":1,"b":2,"a":3,"c":4}}]}}'
    reason = "a key stands twice in one object"
    assert refusal_of(READER.parse, twice.encode()).reason == reason
    once = twice.replace('"a":3,', "").encode()
    assert len(READER.parse(once).rows) == 70_001


def test_a_row_of_thousands_of_columns_is_read_however_it_is_written() -> None:
    names = tuple(f"c{place}" for place in range(9_000))
    row = list(range(9_000))
    features = {"features": row}
    reader = JsonReader(Columns(names))
    for document in (
        row,
        [row],
        features,
        [features],
        {"instances": [features] * 2},
        [features, row],
    ):
        assert (reader.parse(orjson.dumps(document)).rows == row).all()
    refusal = refusal_of(reader.parse, orjson.dumps(row[1:]))
    assert refusal.reason.startswith("row 1 has 8999 values; the model takes 9000 columns")
    refusal = refusal_of(reader.parse, orjson.dumps([features, {"features": row[1:]}]))
    assert refusal.reason.startswith("row 2 has 8999 values; the model takes 9000 columns")


def test_a_long_list_in_place_of_a_number_is_reported_as_a_list() -> None:
    refusal = refusal_of(READER.parse, f'{{"a":{LONG},"b":2,"c":3}}'.encode())
    assert refusal.reason == "row 1, column 'a': […] is not a number"


def test_a_v2_tensor_is_rounded_to_its_datatype() -> None:
    rows = READER.parse(tensor(datatype="FP32", data=[0.1, 0.2, 0.3]).encode()).rows
    assert same(rows[0], np.array([0.1, 0.2, 0.3], np.float32).astype(np.float64))


def test_a_v2_question_is_answered_in_v2() -> None:
    question = READER.parse(b'{"id":"42",' + tensor().encode()[1:])
    assert question.envelope == Envelope("42")
    writer = JsonWriter(Outputs(("p", "q"), ()))
    found = json.loads(writer.write(Answer(np.array([[0.5, 2.0]]), question.envelope)))
    assert found == {
        "model_name": "model",
        "id": "42",
        "outputs": [
            {"name": "p", "shape": [1], "datatype": "FP64", "data": [0.5]},
            {"name": "q", "shape": [1], "datatype": "FP64", "data": [2.0]},
        ],
    }
    labels = JsonWriter(Outputs(("label",), ("no", "yes")))
    found = json.loads(labels.write(Answer(np.array([1, 0]), Envelope(None))))
    assert found["outputs"] == [
        {"name": "label", "shape": [2], "datatype": "BYTES", "data": ["yes", "no"]}
    ]


@given(tables(st.floats(allow_nan=False, allow_infinity=False), width=2))
@settings(max_examples=60)
def test_what_is_written_reads_as_the_same_bits(table: np.ndarray) -> None:
    text = JsonWriter(Outputs(("p", "q"), ())).write(Answer(table))
    assert same(np.array(json.loads(text)["predictions"]), table)


def test_a_prediction_that_json_has_no_number_for_is_null() -> None:
    values = np.array([math.nan, math.inf, 1.0])
    assert (
        JsonWriter(Outputs(("p",), ())).write(Answer(values)) == b'{"predictions":[null,null,1.0]}'
    )


def test_labels_are_written_as_they_are() -> None:
    for labels, written in (((3, 7), b"[7,3]"), ((0.5, 1), b"[1.0,0.5]"), (("é", 1), '[1,"é"]')):
        writer = JsonWriter(Outputs(("label",), labels))
        expected = written if isinstance(written, bytes) else written.encode()
        assert writer.write(Answer(np.array([1, 0]))) == b'{"predictions":%b}' % expected


def test_an_id_that_cannot_be_sent_back_is_refused() -> None:
    tensor = b'{"name": "x", "shape": [1, 3], "datatype": "FP64", "data": [1, 2, 3]}'
    body = b'{"id": "a\\ud800", "inputs": [%b]}' % tensor
    assert "half a character" in refusal_of(READER.parse, body).reason


@pytest.mark.parametrize("count", [1, 20_000])
def test_a_byte_order_mark_belongs_to_no_row(count: int) -> None:
    body = b"\xef\xbb\xbf" + json.dumps({"instances": [[1.0] * len(NAMES)] * count}).encode()
    assert READER.parse(body).rows.shape == (count, len(NAMES))
