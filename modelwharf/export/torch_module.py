"""PyTorch: a module with numbers in and numbers out, through torch.onnx.export."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from modelwharf.export.converted import Converted, Method, Source
from modelwharf.export.errors import CannotExport, no_conversion
from modelwharf.export.graph import INPUT, OPSET, OUTPUT
from modelwharf.export.outputs import output_names

EXAMPLES = 3  # rows; with one, torch would make the number of rows a constant


def ask(model: Any, method: Method, columns: int) -> Source:
    """Return the source of the module's own answers, in evaluation mode."""
    import torch

    if method != "predict":
        raise CannotExport(
            f"a PyTorch module has no {method}: what its forward answers is exported as "
            'method="predict"; put the softmax into the module'
        )
    kind = _dtype(model)

    def predict(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
        with _evaluating(model), torch.no_grad():
            answered = model(torch.from_numpy(rows.astype(kind)))
        if not isinstance(answered, torch.Tensor) or answered.shape[:1] != (len(rows),):
            raise CannotExport(
                f"{type(model).__name__}: forward must answer one tensor, rows or rows × outputs"
            )
        answers: npt.NDArray[Any] = answered.numpy()
        return answers

    width = predict(np.zeros((EXAMPLES, columns))).reshape(EXAMPLES, -1).shape[1]
    return Source(predict, output_names("predict", width))


def convert(model: Any, method: Method, columns: int) -> Converted:
    """Convert the module to a graph of its parameters' type. Raises CannotExport."""
    import torch

    kind = _dtype(model)
    try:
        with _evaluating(model):
            program = torch.onnx.export(
                model,
                (torch.from_numpy(np.zeros((EXAMPLES, columns), dtype=kind)),),
                input_names=[INPUT],
                output_names=[OUTPUT],
                dynamic_shapes=({0: torch.export.Dim("batch")},),
                opset_version=OPSET,
                dynamo=True,
                verbose=False,
            )
    except Exception as error:  # torch's parts may raise anything
        reason = " ".join(str(error).split())[:300]
        raise no_conversion(type(model).__name__, f"torch.onnx says: {reason}") from error
    exactness: Literal["float32", "float64"] = "float32" if kind is np.float32 else "float64"
    return Converted(program.model_proto, exactness, dtype=exactness)


@contextmanager
def _evaluating(model: Any) -> Iterator[None]:
    """Set evaluation mode, then restore each part's mode: some may be frozen while others train."""
    learning = {part: part.training for part in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for part, was in learning.items():
            part.training = was


def _dtype(model: Any) -> type[np.float32] | type[np.float64]:
    import torch

    kinds = {one.dtype for one in model.parameters()}
    if kinds <= {torch.float32}:
        return np.float32
    if kinds == {torch.float64}:
        return np.float64
    raise no_conversion(
        type(model).__name__,
        f"its parameters are of {', '.join(sorted(map(str, kinds)))}; float32 or float64 is needed",
    )
