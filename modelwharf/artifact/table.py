"""The artifact of a model over a table of numbers: what ``export`` writes and inference loads.

A folder of three files: ``contract.json`` (a TableContract), the model (``model.onnx``, or
``model.skops`` or ``model.pickle`` for the fallback) and ``holdout.npz`` with two arrays:
``inputs`` (float64, rows × columns) and ``predictions`` (what the trained model itself answered
to them: rows, or rows × outputs; for a classifier's ``predict`` the indices of the labels in the
contract's ``labels``, int64, whatever the runtime).
"""

from typing import Literal

import msgspec

CONTRACT_FILE = "contract.json"
HOLDOUT_FILE = "holdout.npz"
MODEL_FILES = {"onnx": "model.onnx", "skops": "model.skops", "pickle": "model.pickle"}

Label = bool | int | float | str


class InvalidContract(ValueError):
    """The text of a contract is not one; the message ends with the place of the fault."""


class Tolerance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far an answer may be from the trained model's: absolute + relative × |trained|.

    Raises ValueError for a negative one.
    """

    absolute: float = 0.0
    relative: float = 0.0

    def __post_init__(self) -> None:
        for name, value in (("absolute", self.absolute), ("relative", self.relative)):
            if not value >= 0:
                raise ValueError(f"{name} must be 0 or more, and is {value}")

    def __str__(self) -> str:
        return f"absolute={self.absolute} relative={self.relative}"


class TableContract(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the server needs to know of the model.

    The ONNX graph has one input (rows × columns, of ``dtype``) and, first, one output:
    rows, or rows × outputs. With ``labels`` the output is an index into them, of any number type,
    and the answer is the label. ``outputs`` names the columns of an answer: one for a
    regression or a label, one per class for probabilities.

    Raises ValueError if columns or outputs have no name, ``largest`` is not above 0, or a column of
    ``takes_missing`` or ``takes_infinity`` is not in ``columns``.
    """

    kind: Literal["table"] = "table"
    runtime: Literal["onnx", "skops", "pickle"] = "onnx"
    columns: tuple[str, ...]
    dtype: Literal["float64", "float32"] = "float64"
    outputs: tuple[str, ...] = ("prediction",)
    labels: tuple[Label, ...] = ()
    trusted: tuple[str, ...] = ()
    """Types that a skops file may hold beyond skops' own list; the operator named them."""
    method: Literal["predict", "predict_proba", "decision_function"] = "predict"
    takes_missing: tuple[str, ...] | bool = True
    """The columns in which the trained model accepts NaN; the server refuses NaN in the others.

    Exports up to November 2026 wrote one flag: False for no column, True if the model accepted NaN
    in any. With True the server accepts NaN where the holdout has it (docs/decisions/0088).
    """
    largest: float | None = None
    """The largest absolute value that the trained model accepts; None: infinity too."""
    takes_infinity: tuple[str, ...] = ()
    """Columns that have no ``largest``."""
    tolerance: Tolerance = Tolerance()
    difference: float = 0.0
    """The largest difference that the export measured on the holdout and at every threshold."""
    libraries: dict[str, str] = {}

    def __post_init__(self) -> None:
        for name, value in (("columns", self.columns), ("outputs", self.outputs)):
            if not value:
                raise ValueError(f"{name} must have at least one name, and is empty")
        if self.largest is not None and not self.largest > 0:
            raise ValueError(f"largest must be above 0, and is {self.largest}")
        missing = () if isinstance(self.takes_missing, bool) else self.takes_missing
        for name, value in (("takes_missing", missing), ("takes_infinity", self.takes_infinity)):
            unknown = [one for one in value if one not in self.columns]
            if unknown:
                raise ValueError(f"{name} has {unknown[0]!r}, which is not in columns")

    def with_gaps(self, columns: tuple[str, ...]) -> "TableContract":
        """Return the contract of a model that takes missing values in these columns."""
        return msgspec.structs.replace(self, takes_missing=columns)


def read_contract(text: bytes) -> TableContract:
    """Read what ``write_contract`` wrote. Raises InvalidContract."""
    try:
        return msgspec.json.decode(text, type=TableContract)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidContract(str(error)) from None


def write_contract(contract: TableContract) -> bytes:
    """Return the contract as JSON, one line per field."""
    return msgspec.json.format(msgspec.json.encode(contract), indent=2) + b"\n"
