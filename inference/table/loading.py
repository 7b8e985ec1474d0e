"""From an artifact's folder to a table model that has answered its holdout."""

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contracts.table import CONTRACT_FILE, HOLDOUT_FILE, MODEL_FILES, TableContract
from inference.served import ModelBroken
from inference.table.model import Runner, TableModel

CHUNK = 1000  # rows of the holdout predicted at once


def load_table(folder: Path, environment: Mapping[str, str] = os.environ) -> TableModel:
    """Read the artifact and let the model answer its holdout.

    Raises ModelBroken when a file is missing, cannot be read or does not fit the others, and
    when an answer is further from the trained model's than the contract allows.
    """
    contract = _read_contract(folder / CONTRACT_FILE)
    path = folder / MODEL_FILES[contract.runtime]
    if not path.is_file():
        raise ModelBroken(f"{path} is missing; {CONTRACT_FILE} says runtime {contract.runtime!r}")
    model = TableModel(contract, _runner(path, contract, environment))
    _check_holdout(model, folder / HOLDOUT_FILE)
    return model


def _read_contract(path: Path) -> TableContract:
    try:
        return TableContract.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise ModelBroken(f"{path} is missing") from None
    except (OSError, ValueError) as error:
        raise ModelBroken(f"{path}: {error}") from None


def _runner(path: Path, contract: TableContract, environment: Mapping[str, str]) -> Runner:
    if contract.runtime == "onnx":
        from inference.table.onnx_runner import OnnxRunner

        return OnnxRunner(path, contract)
    raise ModelBroken(f"{path}: runtime {contract.runtime!r} is not served")


def _check_holdout(model: TableModel, path: Path) -> None:
    inputs, expected = _read_holdout(path)
    contract = model.contract
    if inputs.shape[1:] != (len(contract.columns),):
        raise ModelBroken(
            f"{path}: inputs have the shape {inputs.shape}, but {CONTRACT_FILE} names "
            f"{len(contract.columns)} columns"
        )
    for start in range(0, len(inputs), CHUNK):
        rows = np.ascontiguousarray(inputs[start : start + CHUNK], dtype=np.float64)
        _compare(model, model.predict(rows), expected[start : start + CHUNK], start, path)


def _read_holdout(path: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            inputs, expected = arrays["inputs"], arrays["predictions"]
    except FileNotFoundError:
        raise ModelBroken(f"{path} is missing") from None
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise ModelBroken(f"{path} does not hold inputs and predictions: {error}") from None
    return inputs, expected


def _compare(
    model: TableModel, found: NDArray[Any], expected: NDArray[Any], start: int, path: Path
) -> None:
    tolerance = model.contract.tolerance
    near = np.isclose(
        found,
        expected.reshape(found.shape),
        rtol=tolerance.relative,
        atol=tolerance.absolute,
        equal_nan=True,
    )
    if not near.all():
        raise ModelBroken(f"{path}: the model does not give the predictions of its holdout")
