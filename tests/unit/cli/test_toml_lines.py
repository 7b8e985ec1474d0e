"""Lines of keys and items, in every way that TOML has to write them."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwharf.cli.toml_lines import Place, line_of, lines_of

TEXT = '''\
project = "tea"  # [not] = a table
training.volume_gb = 20

[quality]
rules = [
  { metric = "a", minimum = 1.5 },  # , ] }
  { metric = "b",
    maximum = 2 },
]

[source."training_image"]
dockerfile = """
[data]
key = 1
"""
inputs = ['a#b', "c\\"]",
  'd']

[[training.metric_definitions]]
name = "x"
[[training.metric_definitions]]
name = "y"
[data.inputs.a-b]
key = "k"
'''


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("project",), 1),
        (("training", "volume_gb"), 2),
        (("quality",), 4),
        (("quality", "rules"), 5),
        (("quality", "rules", 0, "minimum"), 6),
        (("quality", "rules", 1), 7),
        (("quality", "rules", 1, "maximum"), 8),
        (("source", "training_image"), 11),
        (("source", "training_image", "dockerfile"), 12),
        (("source", "training_image", "inputs", 0), 16),
        (("source", "training_image", "inputs", 2), 17),
        (("training", "metric_definitions", 0, "name"), 20),
        (("training", "metric_definitions", 1), 21),
        (("training", "metric_definitions", 1, "name"), 22),
        (("data", "inputs", "a-b", "key"), 24),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_each_key_and_item_has_its_line(place: Place, line: int, end: str) -> None:
    assert lines_of(TEXT.replace("\n", end))[place] == line


def test_text_in_a_string_is_not_a_key() -> None:
    assert ("source", "training_image", "key") not in lines_of(TEXT)


def test_what_is_missing_is_where_it_would_be() -> None:
    lines = lines_of(TEXT)
    assert line_of(("data", "inputs", "a-b", "eia"), lines) == 23
    assert line_of(("notifications",), lines) == 1


LINES = (
    *("a = 1", "[a]", "[[b]]", "[b.c]", 'c.d.e = "x"', "1.2 = 3.5e-7", '"" = ""', '[ i . "j k" ]'),
    *("f = [1, 2,\n # c ]\n [3, {x = 1, y.z = ']'}],\n]", "g = 1979-05-27 07:32:00Z", "h = +inf"),
    *("\"q.r\" = '''x\n[y]\nz = 1'''", 'k = """\\\n  a\\"""\nb"""', 'n = """a"""""', "l = {}"),
    *("m = []", "o = {a = [1, 2], b = {c = '#'}}  # end", "[[p.q]]", "[p.q.r]", "v = ''''a'''''"),
)


@given(st.lists(st.sampled_from(LINES), unique=True).map("\n".join))
def test_the_places_are_those_of_what_tomllib_reads(text: str) -> None:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return

    assert set(lines_of(text)) == set(places(document, ()))


def places(value: Any, above: Place) -> Iterator[Place]:
    children = value.items() if isinstance(value, dict) else ()
    for key, one in enumerate(value) if isinstance(value, list) else children:
        yield (*above, key)
        yield from places(one, (*above, key))
