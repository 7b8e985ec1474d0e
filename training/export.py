"""The model artifact: an ONNX graph in float64, the contract, the origins. No pickle.

The graph is compared with the trained model on the whole holdout before anything is written. So
the shipped model is the judged one.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from modelwharf.artifact.forecast import (
    CONTRACT_FILE,
    MODEL_FILE,
    ORIGINS_FILE,
    ForecastContract,
    origin_key,
)
from training.features import HORIZON_DAYS, Floats, Origins
from training.model import DriftRegressor

TOLERANCE = 1e-9  # scales; float64 sums in another order differ by about 1e-15
OPSET = 18
IR_VERSION = 10

Predict = Callable[[Floats], Floats]


class ExportDiffers(Exception):
    """The exported graph does not answer as the trained model does; nothing was written."""


def to_onnx(model: DriftRegressor) -> onnx.ModelProto:
    """The fitted model as a graph: ``features`` (rows × columns) → ``change`` (rows × 1)."""
    columns = len(model.coef_) // 2 + 1
    constants = {
        "zero": np.array([0]),
        "last": np.array([columns - 1]),
        "end": np.array([columns]),
        "columns": np.array([1]),
        "longest": np.array([float(HORIZON_DAYS)]),
        "lowest": np.array(-model.limit_, dtype=np.float64),
        "highest": np.array(model.limit_, dtype=np.float64),
        "coefficients": model.coef_.astype(np.float64).reshape(-1, 1),
    }
    nodes = [
        helper.make_node("Slice", ["features", "zero", "last", "columns"], ["origin"]),
        helper.make_node("Slice", ["features", "last", "end", "columns"], ["horizon"]),
        helper.make_node("Div", ["horizon", "longest"], ["share"]),
        helper.make_node("Sqrt", ["share"], ["root"]),
        helper.make_node("Mul", ["origin", "root"], ["growing"]),
        helper.make_node("Concat", ["origin", "growing"], ["design"], axis=1),
        helper.make_node("MatMul", ["design", "coefficients"], ["drift"]),
        helper.make_node("Clip", ["drift", "lowest", "highest"], ["limited"]),
        helper.make_node("Mul", ["root", "limited"], ["change"]),
    ]
    graph = helper.make_graph(
        nodes,
        "price_change",
        [helper.make_tensor_value_info("features", TensorProto.DOUBLE, ["rows", columns])],
        [helper.make_tensor_value_info("change", TensorProto.DOUBLE, ["rows", 1])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    proto = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    onnx.checker.check_model(proto, full_check=True)
    return proto


def runner(proto: onnx.ModelProto) -> Predict:
    """The graph as a function, run by the runtime that the server uses."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )

    def predict(rows: Floats) -> Floats:
        change: Floats = session.run(["change"], {"features": rows})[0].reshape(-1)
        return change

    return predict


def check_same(predicted: Floats, expected: Floats) -> float:
    """The largest difference. Raises ExportDiffers if it is above TOLERANCE."""
    difference = float(np.max(np.abs(predicted - expected)))
    if not difference <= TOLERANCE:  # so that NaN is refused too
        raise ExportDiffers(
            f"the exported model differs from the trained one by {difference:.3g} scales on the "
            f"holdout; allowed are {TOLERANCE:.0e}"
        )
    return difference


def write_artifact(
    folder: Path, proto: onnx.ModelProto, contract: ForecastContract, origins: Origins
) -> None:
    """Write the three files of the artifact."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MODEL_FILE).write_bytes(proto.SerializeToString(deterministic=True))
    (folder / CONTRACT_FILE).write_text(contract.model_dump_json(indent=2) + "\n")
    arrays: dict[str, Any] = {}
    for number, name in enumerate(origins.product_names):
        rows = origins.of(number)
        arrays[origin_key(name, "date")] = origins.date[rows]
        arrays[origin_key(name, "price")] = origins.price[rows]
        arrays[origin_key(name, "scale")] = origins.scale[rows]
        arrays[origin_key(name, "features")] = origins.features[rows]
    np.savez(folder / ORIGINS_FILE, **arrays)
