import json
from typing import Any

import pytest

from modelwharf.artifact.table import (
    InvalidContract,
    TableContract,
    Tolerance,
    read_contract,
    write_contract,
)


def test_a_contract_is_read_as_it_was_written() -> None:
    contract = TableContract(
        runtime="skops",
        columns=("größe", "b"),
        dtype="float32",
        labels=(True, 1, 2.0, "x"),
        trusted=("learning.Model",),
        method="predict_proba",
        outputs=("no", "yes"),
        takes_missing=("b",),
        largest=0.1,
        tolerance=Tolerance(absolute=1e-12, relative=2.2250738585072014e-308),
        difference=5e-324,
        libraries={"numpy": "2.4.6"},
    )

    read = read_contract(write_contract(contract))

    assert read == contract
    assert [type(label) for label in read.labels] == [bool, int, float, str]


def test_a_contract_is_written_a_line_for_each_field() -> None:
    lines = write_contract(TableContract(columns=("größe",))).decode().splitlines()

    assert '  "dtype": "float64",' in lines
    assert '    "größe"' in lines


@pytest.mark.parametrize("given", [True, False, ["a"]])
def test_missing_values_are_said_by_column_or_by_one_flag(given: object) -> None:
    read = read_contract(json.dumps({"columns": ["a"], "takes_missing": given}).encode())

    assert read.takes_missing == (tuple(given) if isinstance(given, list) else given)


def test_an_integer_is_read_where_a_number_is_expected() -> None:
    read = read_contract(b'{"columns": ["a"], "largest": 3}')

    assert isinstance(read.largest, float)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (b"[]", "Expected `object`, got `array`"),
        (b"{", "Input data was truncated"),
        (b"\xff", "JSON is malformed"),
        (b'{"columns": ["\xff"]}', "Invalid UTF-8"),
        (b"[" * 100_000, "Expected `object`, got `array`"),
        ({}, "missing required field `columns`"),
        ({"columns": "abc"}, "Expected `array`, got `str` - at `$.columns`"),
        ({"columns": ["a", 1]}, "Expected `str`, got `int` - at `$.columns[1]`"),
        ({"columns": ["a"], "runtime": "c"}, "Invalid enum value 'c' - at `$.runtime`"),
        ({"columns": ["a"], "largest": "1"}, "got `str` - at `$.largest`"),
        ({"columns": ["a"], "largest": True}, "got `bool` - at `$.largest`"),
        ({"columns": ["a"], "largest": 10**400}, "Number out of range - at `$.largest`"),
        ({"columns": ["a"], "takes_missing": "abc"}, "got `str` - at `$.takes_missing`"),
        ({"columns": ["a"], "labels": [1, None]}, "got `null` - at `$.labels[1]`"),
        ({"columns": ["a"], "libraries": {"a": 1}}, "got `int` - at `$.libraries[...]`"),
        ({"columns": ["a"], "column": []}, "unknown field `column`"),
        ({"columns": []}, "columns must have at least one name"),
        (
            {"columns": ["a"], "tolerance": {"relative": -1}},
            "relative must be 0 or more, and is -1.0 - at `$.tolerance`",
        ),
    ],
)
def test_an_invalid_text_is_refused_with_the_place_of_the_fault(
    found: bytes | dict[str, Any], reason: str
) -> None:
    text = found if isinstance(found, bytes) else json.dumps(found).encode()

    with pytest.raises(InvalidContract) as caught:
        read_contract(text)

    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"columns": ()}, "columns must have at least one name"),
        ({"outputs": ()}, "outputs must have at least one name"),
        ({"largest": 0.0}, "largest must be above 0, and is 0.0"),
        ({"largest": float("nan")}, "largest must be above 0, and is nan"),
        ({"takes_missing": ("b",)}, "takes_missing has 'b', which is not in columns"),
        ({"takes_infinity": ("b",)}, "takes_infinity has 'b', which is not in columns"),
    ],
)
def test_a_contract_is_refused_where_types_cannot_tell(
    changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        TableContract(**{"columns": ("a",), **changes})


def test_a_tolerance_is_not_negative() -> None:
    with pytest.raises(ValueError, match="relative must be 0 or more, and is -1"):
        Tolerance(relative=-1)
