"""How a body may be read: slow and plain readers, to compare the server's fast ones with.

Each gives the rows that a body holds, or raises ValueError. Where they take more than the
server takes does not matter. What the server takes, they must read alike.
"""

import csv
import io
import json
import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

Rows = list[list[float]]
DATATYPES = {"FP64": "f8", "FP32": "f4", "FP16": "f2"}
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?(nan|inf|infinity)")


def read(content_type: str, body: bytes, columns: Sequence[str]) -> Rows:
    """The rows of a body."""
    readers = {
        "text/csv": _csv,
        "application/json": _json,
        "application/jsonlines": _json_lines,
        "application/x-npy": _npy,
        "application/x-parquet": _parquet,
    }
    rows = readers[content_type](body, columns)
    if not rows or any(len(row) != len(columns) for row in rows):
        raise ValueError("the rows are none, or of another width")
    return rows


def _csv(body: bytes, columns: Sequence[str]) -> Rows:
    text = body.decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True))
    while lines and not "".join(lines[0]).strip(" \t"):
        del lines[0]
    names = [cell.strip(" \t") for cell in lines[0]] if lines else []
    rows = [line for line in lines if len(line) > 1 or "".join(line).strip(" \t")]
    if sorted(names) == sorted(columns):
        return [[_cell(row[names.index(name)]) for name in columns] for row in rows[1:]]
    return [[_cell(cell) for cell in row] for row in rows]


def _cell(text: str) -> float:
    bare = text.strip().lower()  # between quotation marks also a line's end
    if not bare:
        return math.nan
    if not _NUMBER.fullmatch(bare):
        raise ValueError(f"{text!r} is not a number")
    value = float(bare)
    if math.isinf(value) and "inf" not in bare:
        raise ValueError(f"{text!r} is too large")
    return value


def _document(text: bytes) -> Any:
    return json.loads(text.decode("utf-8-sig"), object_pairs_hook=_unique)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key is there twice")
    return dict(pairs)


def _json(body: bytes, columns: Sequence[str]) -> Rows:
    found = _document(body)
    if isinstance(found, list):
        if found and not isinstance(found[0], (list, dict)):
            return [_row(found, columns)]
        return [_row(row, columns) for row in found]
    for key in ("instances", "inputs", "dataframe_records"):
        if key in found:
            inner = found[key]
            break
    else:
        if "dataframe_split" not in found:
            return [_row(found, columns)]
        frame = found["dataframe_split"]
        names = frame.get("columns", list(columns))
        return [_row(dict(zip(names, row, strict=True)), columns) for row in frame["data"]]
    if isinstance(inner, dict):
        listed = [inner[name] if isinstance(inner[name], list) else [inner[name]] for name in inner]
        by_name = dict(zip(inner, listed, strict=True))
        return [
            _row(list(row), columns)
            for row in zip(*(by_name[name] for name in columns), strict=True)
        ]
    if key == "inputs" and isinstance(inner[0], dict) and "data" in inner[0]:
        return _tensors(inner, columns)
    return [_row(row, columns) for row in inner]


def _tensors(tensors: list[dict[str, Any]], columns: Sequence[str]) -> Rows:
    arrays = {}
    for tensor in tensors:
        flat = np.array(_flat(tensor["data"]), np.float64)
        kind = DATATYPES.get(tensor["datatype"], "f8")
        with np.errstate(over="ignore"):
            flat = flat.astype(kind).astype(np.float64)
        arrays[tensor["name"]] = flat.reshape(tensor["shape"])
    if len(tensors) == 1:
        (array,) = arrays.values()
        return [list(row) for row in array.reshape(-1, len(columns))]
    return [list(row) for row in zip(*(arrays[name].ravel() for name in columns), strict=True)]


def _flat(data: Any) -> list[float]:
    if isinstance(data, list):
        return [value for inner in data for value in _flat(inner)]
    return [_number(data)]


def _json_lines(body: bytes, columns: Sequence[str]) -> Rows:
    return [_row(_document(line), columns) for line in body.split(b"\n") if line.strip(b" \t\r")]


def _row(found: Any, columns: Sequence[str]) -> list[float]:
    if isinstance(found, dict):
        if set(found) == {"features"}:
            found = found["features"]
        elif set(found) == set(columns):
            found = [found[name] for name in columns]
        else:
            raise ValueError("an object of other names")
    if not isinstance(found, list):
        raise ValueError("a row that is not a list")
    return [_number(value) for value in found]


def _number(value: Any) -> float:
    if value is None:
        return math.nan
    if not isinstance(value, (int, float)):
        raise ValueError(f"{value!r:.50} is not a number")
    return float(value)


def _npy(body: bytes, columns: Sequence[str]) -> Rows:
    file = io.BytesIO(body)
    array = np.load(file, allow_pickle=False)
    if file.read(1) or array.dtype.kind not in "biuf" or array.ndim not in (1, 2):
        raise ValueError("more than one array of numbers")
    found: Rows = array.astype(np.float64).reshape(-1, array.shape[-1]).tolist()
    return found


def _parquet(body: bytes, columns: Sequence[str]) -> Rows:
    table = pq.ParquetFile(pa.BufferReader(body)).read(use_threads=False)
    values = [[_number(value) for value in table.column(name).to_pylist()] for name in columns]
    return [list(row) for row in zip(*values, strict=True)]
