"""The models that the fuzzed servers have."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from modelwharf.artifact.table import (
    CONTRACT_FILE,
    HOLDOUT_FILE,
    MODEL_FILES,
    TableContract,
    write_contract,
)
from tests.unit.training.walks import prepared, walk
from training.train import train

COLUMNS = ("a", "b c", "ü", "7.5")
ODD = (0.1, -1e308, 5e-324, float("nan"), float("inf"), 2.0**53 + 2)


def write_echo(base: Path) -> None:
    """A table model below ``base`` that answers each row with the row itself: its answers tell
    how a body was read.
    """
    width = len(COLUMNS)
    shape: list[str | int | None] = ["rows", width]
    graph = helper.make_graph(
        [helper.make_node("Identity", ["rows"], ["answers"])],
        "echo",
        [helper.make_tensor_value_info("rows", TensorProto.DOUBLE, shape)],
        [helper.make_tensor_value_info("answers", TensorProto.DOUBLE, shape)],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    folder = base / "model"
    folder.mkdir(parents=True)
    onnx.save(proto, folder / MODEL_FILES["onnx"])
    contract = TableContract(columns=COLUMNS, outputs=COLUMNS, takes_missing=COLUMNS)
    (folder / CONTRACT_FILE).write_bytes(write_contract(contract))
    rows = np.resize(ODD, (5, width))
    np.savez(folder / HOLDOUT_FILE, inputs=rows, predictions=rows)


def write_forecaster(base: Path) -> None:
    """The exemplar's model below ``base``; its newest wti price is of 2018-01-24."""
    train(prepared(base, {"wti": walk()}))
