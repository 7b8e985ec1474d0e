import json
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from modelwharf.artifact.documents import Unfit, read_json, write_json
from modelwharf.artifact.table import TableContract, Tolerance


@dataclass(frozen=True, kw_only=True)
class Part:
    weight: float

    def __post_init__(self) -> None:
        if self.weight < 0:
            raise Unfit("must be 0 or more", "weight")


@dataclass(frozen=True, kw_only=True)
class Whole:
    name: str
    kind: Literal["a", "b"] = "a"
    marks: tuple[int | float | str, ...] = ()
    most: float | None = None
    some: tuple[str, ...] | bool = True
    ready: bool = False
    part: Part = Part(weight=1.0)
    notes: dict[str, str] = field(default_factory=dict)


def test_every_type_comes_back_as_it_was_written() -> None:
    whole = Whole(
        name="größe",
        kind="b",
        marks=(1, 2.5, "x"),
        most=0.1,
        some=("y", "z"),
        ready=True,
        part=Part(weight=2.0),
        notes={"a": "b"},
    )
    assert read_json(Whole, write_json(whole)) == whole
    assert read_json(Whole, write_json(Whole(name="")).encode()) == Whole(name="")


def test_an_integer_is_a_float_where_one_is_asked_for_and_stays_itself_elsewhere() -> None:
    read = read_json(Whole, '{"name": "n", "most": 3, "marks": [3]}')
    assert (type(read.most), type(read.marks[0])) == (float, int)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ("[]", "it: must be an object, and is []"),
        ("{", "it: it is not JSON: "),
        (b"\xff", "it: it is not JSON: "),
        ("[" * 100_000, "it: it is not JSON: "),
        ({}, "name: is missing"),
        ({"name": 1}, "name: must be a text, and is 1"),
        ({"name": "n", "kind": "c"}, "kind: must be 'a' or 'b', and is 'c'"),
        ({"name": "n", "kind": ["a"]}, "kind: must be 'a' or 'b', and is ['a']"),
        ({"name": "n", "ready": 1}, "ready: must be true or false, and is 1"),
        ({"name": "n", "most": "1"}, "most: must be a number or null, and is '1'"),
        ({"name": "n", "most": True}, "most: must be a number or null, and is True"),
        ({"name": "n", "most": 10**400}, "most: is beyond what a 64-bit float holds"),
        ({"name": "n", "some": "abc"}, "some: must be a list or true or false, and is 'abc'"),
        ({"name": "n", "some": ["a", 1]}, "some.1: must be a text, and is 1"),
        ({"name": "n", "most": [1]}, "most: must be a number or null, and is [1]"),
        ({"name": "n", "marks": "abc"}, "marks: must be a list, and is 'abc'"),
        ({"name": "n", "marks": [1, True]}, "marks.1: must be an integer or a number or a text"),
        ({"name": "n", "notes": {"a": 1}}, "notes.a: must be a text, and is 1"),
        ({"name": "n", "part": {}}, "part.weight: is missing"),
        ({"name": "n", "part": {"weight": -1}}, "part.weight: must be 0 or more"),
        ({"name": "n", "parts": {}}, "parts: is not known; known are name, kind, marks, "),
        (
            {"name": "x" * 10_000, "ready": "y" * 10_000},
            "ready: must be true or false, and is 'yyy",
        ),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(found: Any, reason: str) -> None:
    text = found if isinstance(found, (str, bytes)) else json.dumps(found)
    with pytest.raises(Unfit) as caught:
        read_json(Whole, text)
    assert str(caught.value).startswith(reason)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"columns": ()}, "columns: must name one or more"),
        ({"outputs": ()}, "outputs: must name one or more"),
        ({"largest": 0.0}, "largest: must be above 0, and is 0.0"),
        ({"takes_missing": ("b",)}, "takes_missing: names 'b', which is none of columns"),
        ({"takes_infinity": ("b",)}, "takes_infinity: names 'b', which is none of columns"),
        ({"largest": float("nan")}, "largest: must be above 0, and is nan"),
    ],
)
def test_a_tables_contract_is_refused_where_types_cannot_tell(
    changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Unfit, match=reason):
        TableContract(**{"columns": ("a",), **changes})


def test_a_tolerance_is_not_negative() -> None:
    with pytest.raises(Unfit, match="relative: must be 0 or more, and is -1"):
        Tolerance(relative=-1)
