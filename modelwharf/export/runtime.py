"""Runs graphs as the server does: onnxruntime on the CPU, one thread."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime

Predict = Callable[[npt.NDArray[Any]], npt.NDArray[Any]]


def runner(proto: onnx.ModelProto) -> Predict:
    """Return the graph as a function from its one input to its first output."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    (given,) = session.get_inputs()
    answered = session.get_outputs()[0].name

    def predict(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
        answers: npt.NDArray[Any] = session.run([answered], {given.name: rows})[0]
        return answers

    return predict


def as_matrix(answers: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return rows, or rows × outputs, as rows × outputs."""
    array = np.asarray(answers)
    return array.reshape(len(array), -1)
