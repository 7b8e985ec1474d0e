"""Table models small enough to be made by hand, and rows for them."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import TensorProto, helper

from modelwharf.artifact.table import (
    CONTRACT_FILE,
    HOLDOUT_FILE,
    MODEL_FILES,
    TableContract,
    write_contract,
)
from modelwharf.serving.refusal import Refusal
from modelwharf.serving.table.columns import Columns, Floats

NAMES = ("a", "b", "c")
COLUMNS = Columns(NAMES)
ROWS = np.array([[0.1, -2.5, 1e300], [3.0, 5e-324, 1 / 3]])

# Rows of three numbers as they are, with what is missing, and without.
finite = st.floats(allow_nan=False, allow_infinity=False)
cells = st.one_of(finite, st.just(math.nan))


def tables(cell: st.SearchStrategy[float], *, width: int = 3) -> st.SearchStrategy[Floats]:
    rows = st.lists(st.lists(cell, min_size=width, max_size=width), min_size=1, max_size=6)
    return rows.map(lambda found: np.array(found, dtype=np.float64))


def same(found: NDArray[Any], expected: NDArray[Any]) -> bool:
    """The same shape, and the same numbers or the same holes."""
    return np.array_equal(found, expected, equal_nan=True)


def refusal_of(parse: Any, body: bytes) -> Refusal:
    """The refusal of a body that must not be taken; any other exception is a fault."""
    try:
        found = parse(body)
    except Refusal as refusal:
        return refusal
    raise AssertionError(f"{body[:100]!r} was taken as {found}")


def refused_or_rows(parse: Any, body: bytes, width: int = 3) -> None:
    """Whatever a client sends is rows of the right width, or refused with the client's fault."""
    try:
        rows = parse(body).rows
    except Refusal as refusal:
        assert refusal.status in (400, 413)
        assert refusal.reason
    else:
        assert rows.dtype == np.float64
        assert rows.shape == (len(rows), width)
        assert len(rows)


def graph(
    weights: Sequence[Sequence[float]], *, dtype: int = TensorProto.DOUBLE, width: int | None = None
) -> bytes:
    """rows × columns to rows × outputs: a product with ``weights`` (columns × outputs)."""
    columns, outputs = len(weights), len(weights[0])
    inputs = [helper.make_tensor_value_info("x", dtype, [None, width or columns])]
    answers = [helper.make_tensor_value_info("y", dtype, [None, outputs])]
    flat = [value for row in weights for value in row]
    made = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "toy",
        inputs,
        answers,
        [helper.make_tensor("w", dtype, [columns, outputs], flat)],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def artifact(
    folder: Path,
    weights: Sequence[Sequence[float]] = ((1.0,), (10.0,), (100.0,)),
    *,
    predictions: NDArray[Any] | None = None,
    **contract: Any,
) -> Path:
    """A folder as the export writes it, of a model that multiplies rows with ``weights``."""
    folder.mkdir(exist_ok=True)
    dtype = contract.get("dtype", "float64")
    kind = TensorProto.FLOAT if dtype == "float32" else TensorProto.DOUBLE
    (folder / MODEL_FILES["onnx"]).write_bytes(graph(weights, dtype=kind))
    inputs = np.array([[1.0, 2.0, 3.0], [0.0, 1.0, 0.0], [2.0, 0.0, 0.0]])[:, : len(weights)]
    if predictions is None:
        predictions = inputs @ np.array(weights)
        predictions = predictions[:, 0] if predictions.shape[1] == 1 else predictions
    np.savez(folder / HOLDOUT_FILE, inputs=inputs, predictions=predictions)
    names = NAMES[: len(weights)]
    named = TableContract(**{"columns": names, "takes_missing": names, **contract})
    (folder / CONTRACT_FILE).write_bytes(write_contract(named))
    return folder
