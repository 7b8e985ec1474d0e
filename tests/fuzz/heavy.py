"""Bodies that are meant to take all memory or all time, by name."""

import io
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

MIB = 1024 * 1024
DEEP = 100_000
WIDE = 100_000
_QUESTION = b'{"product":"wti","date":"2018-01-25"},'


@dataclass(frozen=True)
class Heavy:
    name: str
    content_type: str
    content: bytes


def bodies(columns: tuple[str, ...], size: int) -> Iterator[Heavy]:
    """``size``: bytes of the larger ones."""
    json, lines, csv = "application/json", "application/jsonlines", "text/csv"
    npy, parquet = "application/x-npy", "application/x-parquet"
    makers: list[tuple[str, str, Callable[[], bytes]]] = [
        ("lists nested deep", json, lambda: b"[" * DEEP),
        ("lists nested deep and closed", json, lambda: b"[" * DEEP + b"]" * DEEP),
        ("objects nested deep", json, lambda: b'{"a":' * DEEP + b"1" + b"}" * DEEP),
        (
            "instances nested deep",
            json,
            lambda: b'{"instances":' + b"[" * DEEP + b"]" * DEEP + b"}",
        ),
        ("parameters nested deep", json, lambda: _with_parameters(b"[" * DEEP + b"]" * DEEP)),
        ("lines nested deep", lines, lambda: b"[1,2,3,4]\n" + b"[" * DEEP),
        ("many columns, JSON", json, lambda: b"[[" + b"1," * (WIDE - 1) + b"1]]"),
        ("many columns, CSV", csv, lambda: b"1," * (WIDE - 1) + b"1\n"),
        ("many names, CSV", csv, lambda: b",".join(b"c%d" % n for n in range(WIDE))),
        ("many names, JSON", json, lambda: _names()),
        ("many columns, NPY", npy, lambda: _npy(np.zeros((1, WIDE)))),
        ("many columns, Parquet", parquet, lambda: _wide_parquet(1_000)),
        ("zeros", json, lambda: _filled(b'{"instances":[[', b"0,", b"0]]}", size)),
        ("empty lists", json, lambda: _filled(b"[", b"[],", b"[]]", size)),
        ("empty objects", json, lambda: _filled(b"[", b"{},", b"{}]", size)),
        ("rows", json, lambda: _filled(b"[", b"[1,2,3,4],", b"[1,2,3,4]]", size)),
        ("texts", json, lambda: _filled(b"[", b'"",', b'""]', size)),
        ("one text", json, lambda: _filled(b'["', b"x", b'"]', size)),
        ("a long name", json, lambda: _filled(b'{"', b"x", b'":1}', size)),
        (
            "a long product",
            json,
            lambda: _filled(b'{"date":"2018-01-25","product":"', b"x", b'"}', size),
        ),
        ("many questions", json, lambda: b"[" + _QUESTION * 9_999 + _QUESTION[:-1] + b"]"),
        ("escapes", json, lambda: _filled(b'["', b"\\u0000", b'"]', size)),
        ("one number", json, lambda: _filled(b"[", b"7", b"]", size)),
        ("a long fraction", json, lambda: _filled(b"[0.", b"3", b"]", size)),
        ("blanks", json, lambda: b" " * size),
        ("one number, CSV", csv, lambda: b"7" * size),
        ("empty cells", csv, lambda: b"," * size),
        ("blank lines", csv, lambda: b"\n" * size),
        ("rows, CSV", csv, lambda: b"1,2,3,4\n" * (size // 8)),
        ("missing values", csv, lambda: b",,,\n" * (size // 4)),
        ("quotation marks", csv, lambda: b'"' * size),
        ("a quotation without an end", csv, lambda: b'1,2,3,"4\n' + b"1,2,3,4\n" * (size // 8 - 2)),
        ("blank lines of JSON", lines, lambda: b"\n" * size),
        ("lines", lines, lambda: b"[1,2,3,4]\n" * (size // 10)),
        ("lines of nothing", lines, lambda: b"[]\n" * (size // 3)),
        ("an array as large as may be", npy, lambda: _npy(np.zeros((size // 32 - 8, 4)))),
        ("bytes as an array", npy, lambda: _npy(np.zeros((size // 4 - 64, 4), np.int8))),
        ("an array of nothing", npy, lambda: _npy(np.zeros((0, 4)))),
        ("an array of many dimensions", npy, lambda: _npy(np.zeros((1,) * 32))),
        ("a shape beyond memory", npy, lambda: _lying(b"(4611686018427387904, 4)")),
        ("a shape beyond numbers", npy, lambda: _lying(b"(%b, 4)" % (b"9" * 400))),
        ("a shape of many", npy, lambda: _lying(b"(" + b"1, " * 20_000 + b")")),
        ("rows without columns", npy, lambda: _lying(b"(1000000000, 0)")),
        ("objects", npy, lambda: _objects()),
        ("a header beyond its body", npy, lambda: b"\x93NUMPY\x02\x00\xff\xff\xff\xff{"),
        ("constants, packed", parquet, lambda: _constant(columns, size // 25)),
        ("more constants, packed", parquet, lambda: _constant(columns, (1 << 20) + 1)),
        ("texts, packed", parquet, lambda: _parquet(pa.table({"a": ["x" * 1000] * (size // 250)}))),
        ("a long type", parquet, lambda: _parquet(pa.table({"a": [_names_of(2_000)]}))),
        ("row groups", parquet, lambda: _constant(columns, size // 8000, row_group_size=1)),
        ("too long", json, lambda: b"[" + b"1," * (size // 2 + 512) + b"1]"),
    ]
    for name, content_type, make in makers:
        yield Heavy(name, content_type, make())


def _filled(start: bytes, middle: bytes, end: bytes, size: int) -> bytes:
    return start + middle * ((size - len(start) - len(end)) // len(middle)) + end


def _with_parameters(value: bytes) -> bytes:
    return b'{"instances":[[1,2,3,4]],"parameters":' + value + b"}"


def _names_of(count: int) -> dict[str, int]:
    return {f"c{number}": 1 for number in range(count)}


def _names() -> bytes:
    return b"[{" + b",".join(b'"c%d":1' % n for n in range(WIDE)) + b"}]"


def _npy(array: "np.ndarray[tuple[int, ...], np.dtype[np.generic]]") -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def _lying(shape: bytes) -> bytes:
    text = b"{'descr': '<f8', 'fortran_order': False, 'shape': %b, }\n" % shape
    return b"\x93NUMPY\x02\x00" + len(text).to_bytes(4, "little") + text


class _Harm:
    """What an object array can hold."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        import os

        return os.system, ("echo Traceback: a pickle was read",)


def _objects() -> bytes:
    text = b"{'descr': '|O', 'fortran_order': False, 'shape': (1, 4), }\n"
    start = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text
    return start + pickle.dumps([_Harm()])


def _parquet(table: pa.Table, **options: int) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file, compression="zstd", **options)
    return file.getvalue()


def _constant(columns: tuple[str, ...], rows: int, **options: int) -> bytes:
    zeros = pa.array(np.zeros(rows))
    return _parquet(pa.table(dict.fromkeys(columns, zeros)), **options)


def _wide_parquet(count: int) -> bytes:
    return _parquet(pa.table({f"c{n}": [1.0] for n in range(count)}))
