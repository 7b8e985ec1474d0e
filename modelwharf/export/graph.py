"""Builds an ONNX graph, in float64."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from modelwharf.artifact.table import Label

INPUT = "rows"
OUTPUT = "answers"
OPSET = 18
TREE_OPSET = 5
"""Version of ai.onnx.ml: the first whose TreeEnsemble holds float64 thresholds and answers in
float64.
"""
IR_VERSION = 10
TREE_DOMAIN = "ai.onnx.ml"

Floats = npt.NDArray[np.float64]


class Graph:
    """Nodes and constants. Every name begins with ``prefix``, so that graphs can be joined."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def add(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add a node with one output. Returns the output's name."""
        output = f"{self.prefix}{operator}_{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(operator, list(inputs), [output], output, domain=domain, **attributes)
        )
        return output

    def constant(self, value: npt.ArrayLike, dtype: npt.DTypeLike | None = np.float64) -> str:
        """Add a constant. Returns its name."""
        name = f"{self.prefix}constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype=dtype), name))
        return name

    def float32(self, name: str) -> str:
        return self.add("Cast", name, to=TensorProto.FLOAT)

    def float64(self, name: str) -> str:
        return self.add("Cast", name, to=TensorProto.DOUBLE)

    def index_if(self, condition: str) -> str:
        """Add a node: 1 where the condition holds, 0 elsewhere (int64)."""
        return self.add("Cast", condition, to=TensorProto.INT64)

    def largest(self, scores: str) -> str:
        """Add a node: the first column with the largest score, like numpy.argmax (rows; int64)."""
        return self.add("ArgMax", scores, axis=1, keepdims=0)

    def two_classes(self, second: str) -> str:
        """Add the probabilities of both classes from the second's (rows × 1)."""
        first = self.add("Sub", self.constant(1.0), second)
        return self.add("Concat", first, second, axis=1)

    def labels(self, index: str, classes: Sequence[Label]) -> str:
        """Add the labels themselves, for a classifier inside a pipeline."""
        text = all(isinstance(one, str) for one in classes)
        # skl2onnx supports only strings and int64: booleans stay numbers until the end.
        plain = [int(one) if isinstance(one, bool) else one for one in classes]
        name = self.constant(np.array(plain, dtype=object) if text else plain, None)
        return self.add("Gather", name, index, axis=0)

    def model(self, output: str, columns: int, *, index: bool = False) -> onnx.ModelProto:
        """Return the whole graph: INPUT (rows × columns, float64) → OUTPUT, int64 if ``index``."""
        self.nodes.append(helper.make_node("Identity", [output], [OUTPUT], OUTPUT))
        kind = TensorProto.INT64 if index else TensorProto.DOUBLE
        return helper.make_model(
            helper.make_graph(
                self.nodes,
                "model",
                [helper.make_tensor_value_info(INPUT, TensorProto.DOUBLE, [None, columns])],
                [helper.make_tensor_value_info(OUTPUT, kind, None)],
                self.constants,
            ),
            opset_imports=[
                helper.make_opsetid("", OPSET),
                helper.make_opsetid(TREE_DOMAIN, TREE_OPSET),
            ],
            ir_version=IR_VERSION,
        )
