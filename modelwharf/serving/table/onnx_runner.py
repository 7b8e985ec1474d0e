"""An ONNX graph, run by onnxruntime."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from modelwharf.artifact.table import CONTRACT_FILE, TableContract
from modelwharf.serving.served import ModelBroken

TYPES = {"float64": "tensor(double)", "float32": "tensor(float)"}


def session(path: Path) -> onnxruntime.InferenceSession:
    """Load a graph. Raises ModelBroken."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # a row is too small to share; more threads only wait
    options.inter_op_num_threads = 1
    # The arena keeps the largest memory of any batch until the model is unloaded: 798 MiB after one
    # batch, against 4 MiB without it. It made no measured row faster.
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3  # errors only; they are also raised, and we write our own
    try:
        # Loaded by path: from bytes, onnxruntime keeps a second copy of every constant.
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except MemoryError:
        raise
    except Exception as error:  # onnxruntime's exceptions share no public base
        raise ModelBroken(f"{path} is not a graph that onnxruntime can load: {error}") from None


class OnnxRunner:
    """Runs one graph. Thread-safe, and safe in children forked after it: with one thread per
    operator, onnxruntime starts no threads.
    """

    description = f"onnxruntime {onnxruntime.__version__}"

    def __init__(self, path: Path, contract: TableContract) -> None:
        """Load the graph. Raises ModelBroken when it does not fit the contract."""
        self._session = session(path)
        inputs = [(one.type, len(one.shape), one.shape[-1:]) for one in self._session.get_inputs()]
        width = len(contract.columns)
        right = [(TYPES[contract.dtype], 2, [width])]
        # A dimension without a number accepts any size.
        open_width = [
            (kind, rank, [width] if last and not isinstance(last[0], int) else last)
            for kind, rank, last in inputs
        ]
        if open_width != right:
            raise ModelBroken(
                f"{path} takes {inputs}, but {CONTRACT_FILE} says {right} (type, rank, columns)"
            )
        self._input = self._session.get_inputs()[0].name
        self._outputs = [self._session.get_outputs()[0].name]
        # Without them, onnxruntime creates options for each run: 0.7 of 5.4 microseconds. Running
        # one row with bound memory would save 0.4 more, but needs that memory for each thread.
        self._options = onnxruntime.RunOptions()
        self._narrow = contract.dtype == "float32"

    def run(self, rows: NDArray[np.float64]) -> NDArray[Any]:
        """Return the graph's first output for rows × columns."""
        values = rows.astype(np.float32) if self._narrow else rows
        answer: NDArray[Any] = self._session.run(
            self._outputs, {self._input: values}, self._options
        )[0]
        return answer
