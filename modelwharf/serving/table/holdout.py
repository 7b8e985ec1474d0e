"""The holdout: rows that a model must answer like the trained model before it serves."""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from modelwharf.artifact.table import CONTRACT_FILE, TableContract
from modelwharf.serving.refusal import Refusal
from modelwharf.serving.served import ModelBroken
from modelwharf.serving.table.columns import Floats
from modelwharf.serving.table.exchange import JOINED_ROWS
from modelwharf.serving.table.model import TableModel

ROWS_AT_ONCE = 1000
SINGLE_ROWS = 3  # also asked one by one: the most common request, another path in onnxruntime
# Relative to the largest answer. A library adds in another order on another processor, and for one
# row in another order than for many: the last bit of a ridge regression differs.
ROUNDING = 1e-9
JOINED_TRIES = 64  # rows asked both alone and in batches; costs milliseconds at the start
COMPANY = 16  # rows at least, tried in each batch size


@dataclass(frozen=True)
class Holdout:
    """The holdout. ``inputs``: rows × columns, contiguous. ``predictions``: the trained model's
    answers; rows, or rows × outputs where there are several.
    """

    path: Path
    inputs: Floats
    predictions: NDArray[Any]

    @classmethod
    def read(cls, path: Path, contract: TableContract) -> Self:
        """Read a holdout. Raises ModelBroken when it is missing, unreadable or does not fit the
        contract.
        """
        if not path.is_file():
            raise ModelBroken(f"{path} is missing")
        try:
            if not zipfile.is_zipfile(path):  # numpy would take another file for a pickle
                raise ValueError("it is not an archive of arrays (.npz)")
            with np.load(path, allow_pickle=False) as arrays:
                for name in ("inputs", "predictions"):
                    if name not in arrays:
                        raise ModelBroken(f"{path} lacks the array {name}")
                inputs, expected = arrays["inputs"], arrays["predictions"]
        except (MemoryError, ModelBroken):
            raise
        except Exception as error:  # a damaged file may raise EOFError, zlib.error, …
            raise ModelBroken(f"{path} does not hold inputs and predictions: {error}") from None
        if (
            inputs.ndim != 2
            or inputs.shape[1] != len(contract.columns)
            or inputs.dtype.kind not in "fiu"
        ):
            raise ModelBroken(
                f"{path}: inputs are {inputs.dtype} of {inputs.shape}, but {CONTRACT_FILE} names "
                f"{len(contract.columns)} columns"
            )
        if not len(inputs):
            raise ModelBroken(f"{path} holds no row, so that no answer can be checked")
        shapes: list[tuple[int, ...]] = [(len(inputs), len(contract.outputs))]
        if len(contract.outputs) == 1:
            shapes.append((len(inputs),))
        if expected.shape not in shapes or expected.dtype.kind not in "fiu":
            raise ModelBroken(
                f"{path}: predictions are {expected.dtype} of {expected.shape}; {shapes[-1]} "
                "numbers fit the inputs and the outputs"
            )
        rows = np.ascontiguousarray(inputs, dtype=np.float64)
        return cls(path, rows, expected.reshape(shapes[-1]))

    def columns_with_gaps(self, contract: TableContract) -> tuple[str, ...]:
        """Return the columns in which the holdout has a row with a missing value."""
        places = np.flatnonzero(np.isnan(self.inputs).any(axis=0))
        return tuple(contract.columns[place] for place in places)

    def check(self, model: TableModel) -> None:
        """Check the model's answers. Raises ModelBroken when one is missing, or further from the
        trained model's than the contract allows.
        """
        for start in range(0, len(self.inputs), ROWS_AT_ONCE):
            self._check_some(model, start, ROWS_AT_ONCE)
        for start in range(min(SINGLE_ROWS, len(self.inputs))):
            self._check_some(model, start, 1)

    def joins(self, model: TableModel) -> bool:
        """Whether the model gives its rows the same bits alone and in a batch.

        A sum in another order, such as in a matrix product for many rows, shows in some of them.
        The rows come from all over the holdout, because neighbours may be alike.
        """
        chosen = np.unique(np.linspace(0, len(self.inputs) - 1, JOINED_TRIES, dtype=np.intp))
        rows = self.inputs[chosen]
        alone = np.concatenate([model.predict(rows[n : n + 1]) for n in range(len(rows))])
        place = 0
        for size in range(2, JOINED_ROWS + 1):
            for _ in range(0, COMPANY, size):
                company = np.arange(place, place + size) % len(rows)
                together = model.predict(rows[company])
                if not np.array_equal(together, alone[company], equal_nan=True):
                    return False
                place += size
        return True

    def _check_some(self, model: TableModel, start: int, count: int) -> None:
        path, end = self.path, start + count
        expected = self.predictions[start:end]
        try:
            found = model.predict(self.inputs[start:end])
        except Refusal as refusal:
            raise ModelBroken(
                f"{path}: the model refuses its own holdout: {refusal.reason}"
            ) from None
        except MemoryError:
            raise
        except Exception as error:  # any library may predict
            reason = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
            raise ModelBroken(f"{path}: the model cannot answer its holdout: {reason}") from None
        if found.shape != expected.shape:
            raise ModelBroken(
                f"{path}: the model answers {found.shape}, but predictions are {expected.shape}"
            )
        contract = model.contract
        allowed = contract.tolerance.absolute + contract.tolerance.relative * np.abs(expected)
        if contract.runtime != "onnx":
            allowed += ROUNDING * np.abs(expected).max()
        with np.errstate(invalid="ignore"):
            near = np.abs(found - expected) <= allowed
        near |= (found == expected) | (np.isnan(found) & np.isnan(expected))
        if not near.all():
            place = tuple(int(index) for index in np.argwhere(~near)[0])
            output = contract.outputs[place[1] if len(place) > 1 else 0]
            raise ModelBroken(
                f"{path}: row {start + place[0] + 1}, {output}: the trained model answered "
                f"{expected[place].item()!r}, this one {found[place].item()!r}; allowed are "
                f"{contract.tolerance} "
                f"({int((~near).reshape(len(near), -1).any(axis=1).sum())} such rows)"
            )
