"""Rows as the bodies of requests, in the formats that the stacks read."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.bench.serving.models import COLUMNS, Rows

Answers = list[float]


@dataclass(frozen=True)
class Format:
    """A body's headers, how it is written, and how the answer to it is read."""

    name: str
    content_type: str
    write: Callable[[Rows], bytes]
    read: Callable[[bytes], Answers]


def _csv(rows: Rows) -> bytes:
    return "".join(",".join(map(repr, row)) + "\n" for row in rows.tolist()).encode()


def _read_csv(body: bytes) -> Answers:
    return [float(line) for line in body.split()]


def _instances(rows: Rows) -> bytes:
    return json.dumps({"instances": rows.tolist()}).encode()


def _inputs(rows: Rows) -> bytes:
    return json.dumps({"inputs": rows.tolist()}).encode()


def _read_predictions(body: bytes) -> Answers:
    return [float(answer) for answer in json.loads(body)["predictions"]]


def _v2(rows: Rows) -> bytes:
    tensor = {
        "name": "rows",
        "shape": list(rows.shape),
        "datatype": "FP64",
        "data": rows.ravel().tolist(),
    }
    return json.dumps({"inputs": [tensor]}).encode()


def _read_v2(body: bytes) -> Answers:
    return [float(answer) for answer in json.loads(body)["outputs"][0]["data"]]


def _lines(rows: Rows) -> bytes:
    return "".join(json.dumps({"features": row}) + "\n" for row in rows.tolist()).encode()


def _read_lines(body: bytes) -> Answers:
    return [float(json.loads(line)["prediction"]) for line in body.splitlines()]


def _npy(rows: Rows) -> bytes:
    written = io.BytesIO()
    np.save(written, rows)
    return written.getvalue()


def _read_npy(body: bytes) -> Answers:
    return [float(answer) for answer in np.load(io.BytesIO(body)).ravel()]


def _parquet(rows: Rows) -> bytes:
    written = io.BytesIO()
    pq.write_table(pa.table(dict(zip(COLUMNS, rows.T, strict=True))), written)
    return written.getvalue()


def _read_parquet(body: bytes) -> Answers:
    return [float(answer) for answer in pq.read_table(io.BytesIO(body)).column(0).to_pylist()]


CSV = Format("csv", "text/csv", _csv, _read_csv)
JSON = Format("json", "application/json", _instances, _read_predictions)
LINES = Format("jsonl", "application/jsonlines", _lines, _read_lines)
NPY = Format("npy", "application/x-npy", _npy, _read_npy)
PARQUET = Format("parquet", "application/x-parquet", _parquet, _read_parquet)
MLFLOW = Format("mlflow json", "application/json", _inputs, _read_predictions)
V2 = Format("v2 json", "application/json", _v2, _read_v2)

OURS = (CSV, JSON, LINES, NPY, PARQUET)

# Of one row, as many as there are in the probe that the branch predictor cannot learn.
_DIFFERENT = {1: 512, 10: 512, 100: 64, 1_000: 8, 10_000: 2}  # bodies, by the rows of each


def batches(rows: Rows, size: int) -> list[Rows]:
    """Different batches of so many rows each, to be asked in turn."""
    count = _DIFFERENT.get(size, 1)
    starts = np.linspace(0, len(rows) - size, count).astype(int)
    return [rows[start : start + size] for start in starts]
