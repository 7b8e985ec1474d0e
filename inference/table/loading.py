"""From an artifact's folder to a table model that has answered its holdout."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contracts.documents import Unfit, read_json
from contracts.table import CONTRACT_FILE, HOLDOUT_FILE, MODEL_FILES, TableContract
from inference.refusal import Refusal
from inference.served import ModelBroken
from inference.table.exchange import JOINED_ROWS
from inference.table.model import Runner, TableModel
from inference.table.onnx_runner import OnnxRunner

ROWS_AT_ONCE = 1000
# Of the largest answer. The same library adds in another order on another processor, and for one
# row in another than for many: a ridge regression's last bit differs.
ROUNDING = 1e-9
JOINED_TRIES = 64  # rows that are asked alone and among others; milliseconds of the start
SINGLE_ROWS = 3  # asked one by one too: the commonest question, and another path in onnxruntime


def load_table(folder: Path, environment: Mapping[str, str] = os.environ) -> TableModel:
    """Read the artifact and let the model answer its holdout.

    Raises ModelBroken when a file is missing, cannot be read or does not fit the others, and
    when an answer is further from the trained model's than the contract allows.
    """
    contract = _read_contract(folder / CONTRACT_FILE)
    path = folder / MODEL_FILES[contract.runtime]
    if not path.is_file():
        raise ModelBroken(f"{path} is missing; {CONTRACT_FILE} says runtime {contract.runtime!r}")
    inputs, expected = _read_holdout(folder / HOLDOUT_FILE, contract)
    model = TableModel(contract, _runner(path, contract, environment))
    _check_answers(model, inputs, expected, folder / HOLDOUT_FILE)
    model.joins = contract.runtime == "onnx" and rows_join(model, inputs)
    return model


def _read_contract(path: Path) -> TableContract:
    try:
        contract = read_json(TableContract, path.read_bytes())
    except Unfit as error:
        raise ModelBroken(f"{path}: {error}") from None
    except OSError as error:
        raise ModelBroken(f"{path} cannot be read: {error}") from None
    if len(set(contract.columns)) != len(contract.columns):
        raise ModelBroken(f"{path}: a column is named twice")
    if contract.labels and len(contract.outputs) != 1:
        raise ModelBroken(f"{path}: an answer is a label, but {len(contract.outputs)} outputs")
    return contract


def _runner(path: Path, contract: TableContract, environment: Mapping[str, str]) -> Runner:
    if contract.runtime == "onnx":
        return OnnxRunner(path, contract)
    from inference.table.fallback import FallbackRunner

    return FallbackRunner.load(path, contract, environment)


def _read_holdout(path: Path, contract: TableContract) -> tuple[NDArray[Any], NDArray[Any]]:
    if not path.is_file():
        raise ModelBroken(f"{path} is missing")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            inputs, expected = arrays["inputs"], arrays["predictions"]
    except MemoryError:
        raise
    except Exception as error:  # whatever a file of garbage leads to: EOFError, zlib.error, …
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
            f"{path}: predictions are {expected.dtype} of {expected.shape}; {shapes[-1]} numbers "
            "fit the inputs and the outputs"
        )
    return inputs, expected.reshape(shapes[-1])


def _check_answers(
    model: TableModel, inputs: NDArray[Any], expected: NDArray[Any], path: Path
) -> None:
    rows = np.ascontiguousarray(inputs, dtype=np.float64)
    for start in range(0, len(rows), ROWS_AT_ONCE):
        end = start + ROWS_AT_ONCE
        _check_some(model, rows[start:end], expected[start:end], start, path)
    for start in range(min(SINGLE_ROWS, len(rows))):
        _check_some(model, rows[start : start + 1], expected[start : start + 1], start, path)


def rows_join(model: TableModel, inputs: NDArray[Any]) -> bool:
    """Whether rows of the holdout are answered the same, to the last bit, alone and together.

    A sum in another order, such as a matrix product's for many rows, shows in some of them. They
    are taken from all over the holdout: neighbours may be alike.
    """
    chosen = np.unique(np.linspace(0, len(inputs) - 1, JOINED_TRIES, dtype=np.intp))
    rows = np.ascontiguousarray(inputs[chosen], dtype=np.float64)
    alone = np.concatenate([model.predict(rows[n : n + 1]) for n in range(len(rows))])
    for size in range(2, JOINED_ROWS + 1):
        together = [model.predict(rows[n : n + size]) for n in range(0, len(rows), size)]
        if not np.array_equal(np.concatenate(together), alone, equal_nan=True):
            return False
    return True


def _check_some(
    model: TableModel, rows: NDArray[Any], expected: NDArray[Any], start: int, path: Path
) -> None:
    try:
        found = model.predict(rows)
    except Refusal as refusal:
        raise ModelBroken(f"{path}: the model refuses its own holdout: {refusal.reason}") from None
    except MemoryError:
        raise
    except Exception as error:  # of whichever library predicts
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
