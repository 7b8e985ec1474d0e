"""The V2 inference protocol (KServe, MLServer, Triton): tensors in JSON.

https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol
"""

import math
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from modelwharf.serving.refusal import Refusal, shown
from modelwharf.serving.table.columns import Columns, Floats
from modelwharf.serving.table.exchange import Envelope, Question
from modelwharf.serving.table.lists import RowLists, columns_to_rows, is_nested
from modelwharf.serving.table.outputs import Outputs

TENSOR_KEYS = ("name", "shape", "datatype", "data", "parameters")
# The datatypes of numbers. Values are rounded to the tensor's type, as the client had them.
FLOATS = {"FP16": np.float16, "FP32": np.float32, "FP64": np.float64}
INTEGERS = {
    f"{sign}INT{bits}": np.dtype(f"{sign.lower()}int{bits}")
    for sign in ("", "U")
    for bits in (8, 16, 32, 64)
}
ANSWERED = {"?": "BOOL", "d": "FP64", "l": "INT64", "O": "BYTES"}
MODEL_NAME = "model"  # the protocol requires a name; this is the name of SageMaker's folder
DATATYPES = (*FLOATS, *INTEGERS, "BOOL")


def is_v2(inputs: Any) -> bool:
    """Whether the inputs are tensors and not rows."""
    return (
        type(inputs) is list
        and bool(inputs)
        and type(inputs[0]) is dict
        and "data" in inputs[0]
        and ("datatype" in inputs[0] or "shape" in inputs[0])
    )


class V2:
    """Reads requests: one tensor of rows × columns, or one tensor per column."""

    def __init__(self, columns: Columns, lists: RowLists) -> None:
        self._columns = columns
        self._lists = lists

    def question(self, document: dict[str, Any]) -> Question:
        """Return the rows of a request. Raises Refusal."""
        tensors = document["inputs"]
        for number, tensor in enumerate(tensors, 1):
            _check_tensor(tensor, f"input {number}")
        identity = document.get("id")
        if identity is not None and type(identity) is not str:
            raise Refusal(f'"id" is {shown(identity)}; it is a text')
        if identity is not None and _is_broken(identity):
            raise Refusal(f'"id" is {identity[:60]!a}, which holds half a character')
        return Question(self._rows(tensors), Envelope(identity))

    def _rows(self, tensors: list[dict[str, Any]]) -> Floats:
        columns = self._columns
        if len(tensors) == 1 and (columns.count > 1 or tensors[0]["name"] not in columns.names):
            shape = tensors[0]["shape"]
            if len(shape) == 1:  # one row
                shape = [1, *shape]
            if len(shape) != 2:
                raise Refusal(
                    f"input 1 has the shape {shown(tensors[0]['shape'])}; it is rows × columns"
                )
            columns.check_width(shape[1], 1)
            return _values(tensors[0], self._lists, shape).reshape(shape)
        names = [tensor["name"] for tensor in tensors]
        columns.check_names(names, '"inputs"')
        by_name = dict(zip(names, tensors, strict=True))
        values = []
        for name in columns.names:
            tensor = by_name[name]
            shape = tensor["shape"]
            if len(shape) not in (1, 2) or shape[1:] not in ([], [1]):
                raise Refusal(f"input {name!r} has the shape {shown(shape)}; a column is [rows, 1]")
            values.append(_values(tensor, RowLists(Columns((name,))), [shape[0], 1]))
        return columns_to_rows(columns, values)


def _values(tensor: dict[str, Any], lists: RowLists, shape: list[int]) -> Floats:
    """Return the values flat, row by row; ``lists`` reads rows of the tensor's width."""
    lists.columns.check_size(shape[0])
    data = tensor["data"]
    values = lists.rows(data).ravel() if is_nested(data) else lists.scalars(data)
    if len(values) != shape[0] * shape[1]:
        raise Refusal(
            f"input {shown(tensor['name'])} holds {len(values)} values, but its shape "
            f"{shown(tensor['shape'])} makes {shape[0] * shape[1]}"
        )
    return _of_type(values, tensor)


def answer(outputs: Outputs, predicted: NDArray[Any], envelope: Envelope) -> bytes:
    """Write a V2 response: one tensor of one dimension per output."""
    tensors = []
    for name, values in zip(outputs.names, outputs.columns(predicted), strict=True):
        tensors.append(
            {
                "name": name,
                "shape": [len(values)],
                "datatype": ANSWERED[values.dtype.char],
                "data": values.tolist() if values.dtype == object else np.ascontiguousarray(values),
            }
        )
    identity = {} if envelope.id is None else {"id": envelope.id}
    found = {"model_name": MODEL_NAME, **identity, "outputs": tensors}
    return orjson.dumps(found, option=orjson.OPT_SERIALIZE_NUMPY)


def _is_broken(text: str) -> bool:
    """Whether a text cannot be UTF-8: JSON can hold half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _check_tensor(tensor: Any, where: str) -> None:
    if type(tensor) is not dict:
        raise Refusal(f"{where} is {shown(tensor)}; it is an object of {', '.join(TENSOR_KEYS)}")
    for key in tensor:
        if key not in TENSOR_KEYS:
            raise Refusal(
                f"{where}: unknown key {shown(key)}; known ones: {', '.join(TENSOR_KEYS)}"
            )
    for key in TENSOR_KEYS[:-1]:
        if key not in tensor:
            raise Refusal(f"{where} lacks {key!r}")
    if type(tensor["name"]) is not str:
        raise Refusal(f"{where}: name is {shown(tensor['name'])}; it is a text")
    if tensor["datatype"] not in DATATYPES:
        raise Refusal(
            f"{where}: datatype is {shown(tensor['datatype'])}; a table of numbers is one of "
            f"{', '.join(DATATYPES)}"
        )
    shape = tensor["shape"]
    if type(shape) is not list or not all(type(n) is int and n > 0 for n in shape) or not shape:
        raise Refusal(f"{where}: shape is {shown(shape)}; it is a list of numbers from 1")


def _of_type(values: Floats, tensor: dict[str, Any]) -> Floats:
    datatype = tensor["datatype"]
    name = shown(tensor["name"])
    if datatype == "FP64":
        return values
    if datatype in FLOATS:
        with np.errstate(over="ignore"):
            rounded = values.astype(FLOATS[datatype]).astype(np.float64)
        if (np.isinf(rounded) & np.isfinite(values)).any():
            raise Refusal(f"input {name} holds a value that is beyond its datatype, {datatype}")
        return rounded
    least, most = (0, 1) if datatype == "BOOL" else _range(datatype)
    for value in (values.min(), values.max(), *values[values != np.trunc(values)][:1]):
        if not (least <= value <= most and value == math.trunc(value)):
            raise Refusal(f"input {name} holds {value}, which is not of its datatype, {datatype}")
    return values


def _range(datatype: str) -> tuple[int, int]:
    limits = np.iinfo(INTEGERS[datatype])
    return int(limits.min), int(limits.max)
