"""The artifact of a model over a table of numbers: what ``export`` writes and inference loads.

A folder of three files: ``contract.json`` (a TableContract), the model (``model.onnx``, or
``model.skops`` or ``model.pickle`` for the fallback) and ``holdout.npz`` with two arrays:
``inputs`` (float64, rows × columns) and ``predictions`` (what the trained model itself answered
to them: rows, or rows × outputs; for a classifier's ``predict`` the places of the labels in the
contract's ``labels``, int64, whatever the runtime).
"""

from typing import Annotated, Literal

from pydantic import Field

from contracts.model import Contract

CONTRACT_FILE = "contract.json"
HOLDOUT_FILE = "holdout.npz"
MODEL_FILES = {"onnx": "model.onnx", "skops": "model.skops", "pickle": "model.pickle"}

Label = int | float | str


class Tolerance(Contract):
    """How far an answer may be from the trained model's: absolute + relative × |trained|."""

    absolute: Annotated[float, Field(ge=0)] = 0.0
    relative: Annotated[float, Field(ge=0)] = 0.0


class TableContract(Contract):
    """What the server needs to know of the model.

    The ONNX graph has one input (rows × columns, of ``dtype``) and, first, one output:
    rows, or rows × outputs. With ``labels`` the output is an index into them, of any number type,
    and the answer is the label. ``outputs`` names the columns of an answer: one for a
    regression or a label, one a class for probabilities.
    """

    kind: Literal["table"] = "table"
    runtime: Literal["onnx", "skops", "pickle"] = "onnx"
    columns: Annotated[tuple[str, ...], Field(min_length=1)]
    dtype: Literal["float64", "float32"] = "float64"
    outputs: Annotated[tuple[str, ...], Field(min_length=1)] = ("prediction",)
    labels: tuple[Label, ...] = ()
    trusted: tuple[str, ...] = ()
    """Types that a skops file may hold beyond skops' own list; the operator named them."""
    method: Literal["predict", "predict_proba", "decision_function"] = "predict"
    takes_missing: bool = True
    """Whether the trained model answers rows with NaN; else they are refused, as it does."""
    largest: Annotated[float, Field(gt=0)] | None = None
    """The largest absolute value that the trained model takes; None: infinity too."""
    tolerance: Tolerance = Tolerance()
    difference: float = 0.0
    """The largest that the export saw on the holdout and beside every threshold."""
    libraries: dict[str, str] = {}
