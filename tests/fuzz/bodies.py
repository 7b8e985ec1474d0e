"""Bodies for a table: right ones with the rows that they hold, and what becomes of them."""

import io
import json
import math
import random
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.fuzz.reference import Rows

TYPES = (
    "text/csv",
    "application/json",
    "application/jsonlines",
    "application/x-npy",
    "application/x-parquet",
)


@dataclass(frozen=True)
class Body:
    """``rows``: what it holds."""

    content_type: str
    content: bytes
    rows: Rows

    def __repr__(self) -> str:
        """Short; the whole of what failed is in a file."""
        return f"{self.content_type}, {len(self.content)} bytes: {self.content[:300]!r}"


FLOATS = st.one_of(
    st.floats(width=64),
    st.integers(-(2**63), 2**64).map(float),
    st.sampled_from([0.0, -0.0, 1.0, 4e307, 5e307, 4.0e307, 2.0**53, 1e22, 1e23, 0.1, 5e-324]),
)
FINITE = FLOATS.filter(math.isfinite)


def bodies(columns: Sequence[str]) -> st.SearchStrategy[Body]:
    """Right bodies of every type."""
    return st.one_of([one(columns) for one in BY_TYPE.values()])


def tables(columns: Sequence[str], values: st.SearchStrategy[float]) -> st.SearchStrategy[Rows]:
    width = len(columns)
    row = st.lists(values, min_size=width, max_size=width)
    # A body that is read in pieces has many; a few rows over and over say as much as others.
    return st.tuples(
        st.lists(row, min_size=1, max_size=6), st.sampled_from([1] * 12 + [40, 900])
    ).map(lambda found: found[0] * found[1])


@st.composite
def csv_bodies(draw: DrawFn, columns: Sequence[str]) -> Body:
    rows = draw(tables(columns, FLOATS))
    plain = draw(st.booleans())
    styles = (repr,) if plain else (repr, _exponent, _quoted, _signed, _spaced, _whole)
    style = draw(st.sampled_from(styles))
    missing = draw(st.sampled_from(["nan", "NaN", "", " "]))
    order = draw(st.permutations(range(len(columns))))
    header = draw(st.booleans())
    lines = [",".join(_csv_name(columns[n]) for n in order)] if header else []
    for row in rows:
        cells = [missing if math.isnan(value) else style(value) for value in row]
        lines.append(",".join(cells[n] for n in order) if header else ",".join(cells))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    text = end.join(lines) + draw(st.sampled_from(["", end]))
    start = draw(st.sampled_from([b"", b"", b"\xef\xbb\xbf"]))
    return Body("text/csv", start + text.encode(), rows)


def _csv_name(name: str) -> str:
    return f'"{name}"' if "," in name else name


def _exponent(value: float) -> str:
    return f"{value:.17e}" if math.isfinite(value) else str(value).upper()


def _quoted(value: float) -> str:
    return f'"{value!r}"'


def _signed(value: float) -> str:
    return f"{value:+}" if math.isinf(value) else f"{value:+.17g}"


def _spaced(value: float) -> str:
    return f" {value!r}\t"


def _whole(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


@st.composite
def json_bodies(draw: DrawFn, columns: Sequence[str]) -> Body:
    rows = draw(tables(columns, st.one_of(FINITE, st.just(math.nan))))
    shape = draw(st.sampled_from(tuple(SHAPES)))
    document = SHAPES[shape](rows, columns, draw)
    writers: list[Callable[[Any], str]] = [_compact, json.dumps, _indented, _escaped]
    dumps = draw(st.sampled_from(writers))
    return Body("application/json", dumps(document).encode(), rows if shape != "row" else rows[:1])


def _compact(document: Any) -> str:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def _indented(document: Any) -> str:
    return json.dumps(document, indent="\t", ensure_ascii=False)


def _escaped(document: Any) -> str:
    return "\n " + json.dumps(document).replace('"a"', '"\\u0061"') + " \r\n"


def _cells(row: Sequence[float]) -> list[float | int | None]:
    """As JSON has them; whole numbers without a point."""
    return [
        None
        if math.isnan(value)
        else int(value)
        if value.is_integer() and abs(value) < 2**53
        else value
        for value in row
    ]


def _lists(rows: Rows) -> list[list[float | int | None]]:
    return [_cells(row) for row in rows]


def _objects(rows: Rows, columns: Sequence[str], draw: DrawFn) -> list[dict[str, Any]]:
    order = draw(st.permutations(range(len(columns))))
    listed = _lists(rows)
    return [{columns[n]: row[n] for n in order} for row in listed]


_LONG = [0.5, -7, 10**17] * 1500  # what is read at once with the rest is shorter
BESIDE: tuple[dict[str, Any], ...] = (
    *[{}] * 4,
    {"params": {"x": [1, "2"]}},
    {"id": "7"},
    {"outputs": []},
    {"params": {"x": _LONG}},
    {"outputs": [_LONG, [[1, None]]]},
)


def _other_keys(draw: DrawFn) -> dict[str, Any]:
    return dict(draw(st.sampled_from(BESIDE)))


def _split(rows: Rows, columns: Sequence[str], draw: DrawFn) -> dict[str, Any]:
    order = draw(st.permutations(range(len(columns))))
    frame = {
        "columns": [columns[n] for n in order],
        "data": [[row[n] for n in order] for row in _lists(rows)],
    }
    if draw(st.booleans()):
        frame["index"] = list(range(len(rows)))
    return {"dataframe_split": frame, **_other_keys(draw)}


def _tensor(rows: Rows, columns: Sequence[str], draw: DrawFn) -> dict[str, Any]:
    listed = _lists(rows)
    nested = draw(st.booleans())
    tensor: dict[str, Any] = {
        "name": draw(st.sampled_from(["x", "input-0", columns[0]])),
        "shape": [len(rows), len(columns)],
        "datatype": "FP64",
        "data": listed if nested else [value for row in listed for value in row],
    }
    if draw(st.sampled_from([False] * 7 + [True])):
        tensor["parameters"] = {"x": _LONG}
    return {"inputs": [tensor], **_other_keys(draw)}


def _tensor_a_column(rows: Rows, columns: Sequence[str], draw: DrawFn) -> dict[str, Any]:
    order = draw(st.permutations(range(len(columns))))
    flat = draw(st.booleans())
    listed = _lists(rows)
    return {
        "inputs": [
            {
                "name": columns[n],
                "shape": [len(rows)] if flat else [len(rows), 1],
                "datatype": "FP64",
                "data": [row[n] if flat else [row[n]] for row in listed],
            }
            for n in order
        ]
    }


SHAPES: dict[str, Callable[[Rows, Sequence[str], DrawFn], Any]] = {
    "instances": lambda rows, columns, draw: {"instances": _lists(rows), **_other_keys(draw)},
    "objects": lambda rows, columns, draw: {"instances": _objects(rows, columns, draw)},
    "features": lambda rows, columns, draw: {
        "instances": [{"features": row} for row in _lists(rows)]
    },
    "inputs": lambda rows, columns, draw: {**_other_keys(draw), "inputs": _lists(rows)},
    "by column": lambda rows, columns, draw: {
        "inputs": {name: [row[n] for row in _lists(rows)] for n, name in enumerate(columns)}
    },
    "split": _split,
    "records": lambda rows, columns, draw: {"dataframe_records": _objects(rows, columns, draw)},
    "tensor": _tensor,
    "tensors": _tensor_a_column,
    "bare": lambda rows, columns, draw: _lists(rows),
    "row": lambda rows, columns, draw: _cells(rows[0]),
}


@st.composite
def line_bodies(draw: DrawFn, columns: Sequence[str]) -> Body:
    rows = draw(tables(columns, st.one_of(FINITE, st.just(math.nan))))
    style = draw(st.sampled_from(["list", "features", "object"]))
    documents: list[Any] = _lists(rows)
    if style == "features":
        documents = [{"features": row} for row in documents]
    elif style == "object":
        documents = _objects(rows, columns, draw)
    end = draw(st.sampled_from(["\n", "\r\n", "\n\n"]))
    text = end.join(map(_compact, documents)) + draw(st.sampled_from(["", end]))
    return Body("application/jsonlines", text.encode(), rows)


@st.composite
def npy_bodies(draw: DrawFn, columns: Sequence[str]) -> Body:
    kind = draw(st.sampled_from(["<f8", ">f8", "<f4", ">f2", "<i8", ">i4", "|i1", "|u1", "<u2"]))
    with np.errstate(all="ignore"):
        rows = np.array(draw(tables(columns, FLOATS)), np.float64)
        array = np.nan_to_num(rows).astype(kind) if kind[1] in "iu" else rows.astype(kind)
    if draw(st.booleans()):
        array = np.asfortranarray(array)
    found: Rows = array.astype(np.float64).tolist()
    if len(found) == 1 and draw(st.booleans()):
        array = array[0]
    file = io.BytesIO()
    version = draw(st.sampled_from([None, (1, 0), (2, 0), (3, 0)]))
    np.lib.format.write_array(file, array, version=version, allow_pickle=False)
    return Body("application/x-npy", file.getvalue(), found)


@st.composite
def parquet_bodies(draw: DrawFn, columns: Sequence[str]) -> Body:
    rows = draw(tables(columns, FLOATS))
    order = draw(st.permutations(range(len(columns))))
    arrays = [pa.array([row[n] for row in rows], from_pandas=draw(st.booleans())) for n in order]
    table = pa.Table.from_arrays(arrays, names=[columns[n] for n in order])
    file = io.BytesIO()
    pq.write_table(
        table,
        file,
        compression=draw(st.sampled_from(["none", "snappy", "gzip", "zstd", "brotli", "lz4"])),
        use_dictionary=draw(st.booleans()),
        # Each row group costs as much as many rows.
        row_group_size=max(draw(st.sampled_from([1, 7, 1024])), len(rows) // 20),
        data_page_version=draw(st.sampled_from(["1.0", "2.0"])),
    )
    return Body("application/x-parquet", file.getvalue(), rows)


BY_TYPE = {
    "text/csv": csv_bodies,
    "application/json": json_bodies,
    "application/jsonlines": line_bodies,
    "application/x-npy": npy_bodies,
    "application/x-parquet": parquet_bodies,
}

# What parsers are known to stumble over, one more than another.
WORDS = (
    b'"', b"'", b"\\", b"[", b"]", b"{", b"}", b",", b":", b"\n", b"\r", b"\r\n", b"\t", b" ", b";",
    b"\x00", b"\x0b", b"\x0c", b"\x1f", b"\x7f", b"\x85", b"\xa0", b"\xe2\x80\xa8", b"\xff",
    b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80", "\u0663".encode(), "\uff11".encode(),
    "\u2212".encode(), b"nan", b"NaN", b"-nan", b"null", b"NULL", b"true", b"false", b"inf",
    b"Infinity", b"-Infinity", b"None", b"NA", b"1e999", b"-1e999", b"1e-999", b"4e307", b"5e307",
    b" 5e307 ", b"1_0", b"0x10", b"1.", b".5", b"01", b"-0", b"+1", b"--1", b"1e", b"1e+", b"1,5",
    b"9" * 25, b"9" * 400, b"0." + b"3" * 900, b"18446744073709551616", b"-9223372036854775809",
    b"1.7976931348623159e308", b"[[", b"]]", b"[]", b"{}", b'""', b"[1]", b'"id":', b'"a":',
    b'"instances":', b'"inputs":', b'"data":', b'"shape":[-1],', b'"shape":[2,3],',
    b'"datatype":"BYTES",', b'"datatype":"FP16",', b'"datatype":"BOOL",', b'\\u0000', b"\\ud800",
    b"a,b c", b"<", b"|O", b"'|O'", b"(4294967295, 4294967295)", b"True", b"PAR1", b"\x93NUMPY",
)  # fmt: skip


def spoilt(content: bytes, chance: random.Random) -> bytes:
    """The body with one to three things done to it."""
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        content = chance.choice(_WAYS)(content, chance)
    return content


def _truncate(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content) + 1)]


def _cut(content: bytes, chance: random.Random) -> bytes:
    start, end = _span(content, chance)
    return content[:start] + content[end:]


def _twice(content: bytes, chance: random.Random) -> bytes:
    start, end = _span(content, chance)
    return content[:end] + content[start:end] + content[end:]


def _insert(content: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(content) + 1)
    return content[:place] + chance.choice(WORDS) + content[place:]


def _replace(content: bytes, chance: random.Random) -> bytes:
    start, end = _span(content, chance, longest=12)
    return content[:start] + chance.choice(WORDS) + content[end:]


def _at_an_end(content: bytes, chance: random.Random) -> bytes:
    """Something more at the beginning or at the end, or a byte to three less."""
    if chance.random() < 0.5:
        return content[: -chance.randint(1, 3)]
    word = chance.choice(WORDS)
    return content + word if chance.random() < 0.7 else word + content


def _at_a_mark(content: bytes, chance: random.Random) -> bytes:
    """Something before or in place of one of the marks that hold a text together."""
    mark = chance.choice((b"[", b"]", b"{", b"}", b",", b":", b'"', b"\n"))
    places = [place for place in range(len(content)) if content[place : place + 1] == mark]
    place = chance.choice(places or [0])
    return content[:place] + chance.choice(WORDS) + content[place + chance.randint(0, 1) :]


def _flip(content: bytes, chance: random.Random) -> bytes:
    if not content:
        return b"\0"
    changed = bytearray(content)
    changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _encode(content: bytes, chance: random.Random) -> bytes:
    text = content.decode("latin-1")
    return text.encode(chance.choice(("utf-16", "utf-16-be", "utf-32", "utf-8", "utf-7")))


def _number(content: bytes, chance: random.Random) -> bytes:
    """Four bytes as another number: lengths, offsets and counts of binary formats."""
    place = chance.randrange(len(content) + 1)
    number = chance.choice((0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, chance.getrandbits(32)))
    return content[:place] + struct.pack("<I", number) + content[place + 4 :]


def _span(content: bytes, chance: random.Random, longest: int = 64) -> tuple[int, int]:
    start = chance.randrange(len(content) + 1)
    return start, min(len(content), start + chance.randint(1, longest))


_WAYS = (
    _truncate, _cut, _twice, _insert, _insert, _replace, _replace, _at_an_end,
    _at_a_mark, _at_a_mark, _flip, _encode, _number,
)  # fmt: skip


def same(found: Sequence[Any], expected: Sequence[Any]) -> bool:
    """Whether these are the same numbers; 0 and -0, which JSON tells not apart, are."""
    first, second = np.array(found, np.float64), np.array(expected, np.float64)
    return np.array_equal(first, second, equal_nan=True)


def mutants(content: bytes, seed: int, count: int) -> Iterator[bytes]:
    chance = random.Random(seed)  # noqa: S311
    for _ in range(count):
        yield spoilt(content, chance)
