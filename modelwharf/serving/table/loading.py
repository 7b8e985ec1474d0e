"""Loads a table model from an artifact's folder and checks it with its holdout."""

import logging
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from modelwharf.artifact.table import (
    CONTRACT_FILE,
    HOLDOUT_FILE,
    MODEL_FILES,
    InvalidContract,
    TableContract,
    read_contract,
)
from modelwharf.serving.background_task import BackgroundTask
from modelwharf.serving.served import ModelBroken
from modelwharf.serving.table.onnx_runner import OnnxRunner

if TYPE_CHECKING:
    from modelwharf.serving.table.holdout import Holdout
    from modelwharf.serving.table.model import Runner, TableModel

LOG = logging.getLogger("inference")
NAMED = 10  # columns that a warning names
ONE_FLAG = (
    "the artifact, of an older export, does not say whether the model takes that: its holdout has "
    "no such row. Export the model again"
)


def load_table(folder: Path, environment: Mapping[str, str] = os.environ) -> "TableModel":
    """Read the artifact and check the model with its holdout.

    Raises ModelBroken when a file is missing, cannot be read or does not fit the others, and when
    an answer is further from the trained model's than the contract allows.
    """
    contract = _read_contract(folder / CONTRACT_FILE)
    path = folder / MODEL_FILES[contract.runtime]
    if not path.is_file():
        raise ModelBroken(f"{path} is missing; {CONTRACT_FILE} says runtime {contract.runtime!r}")
    rest = BackgroundTask(partial(_holdout, folder / HOLDOUT_FILE, contract))
    runner = _runner(path, contract, environment)
    holdout = rest.result()
    from modelwharf.serving.table.model import TableModel

    of_one_flag = contract.takes_missing is True
    if of_one_flag:
        contract = _by_column(contract, holdout, folder)
    model = TableModel(contract, runner)
    if of_one_flag:
        model.why_not_missing = ONE_FLAG
    holdout.check(model)
    model.joins = contract.runtime == "onnx" and holdout.joins(model)
    return model


def _by_column(contract: TableContract, holdout: "Holdout", folder: Path) -> TableContract:
    """Complete an old contract, which has one flag for missing values in any column, from the
    holdout.
    """
    known = holdout.columns_with_gaps(contract)
    if len(known) < len(contract.columns):
        LOG.warning(
            "%s says by one flag that the model takes missing values in some column; they are "
            "taken where the holdout has some (%s), and refused elsewhere. Export the model again: "
            "the contract says it by column now",
            folder / CONTRACT_FILE,
            ", ".join(known[:NAMED]) + ", …" * (len(known) > NAMED) or "in no column",
        )
    return contract.with_gaps(known)


def _holdout(path: Path, contract: TableContract) -> "Holdout":
    """Read the holdout, and import the readers and writers of rows.

    onnxruntime builds a graph without the GIL, which takes a tenth of a second for a forest.
    """
    from modelwharf.serving.table.holdout import Holdout

    return Holdout.read(path, contract)


def _read_contract(path: Path) -> TableContract:
    try:
        contract = read_contract(path.read_bytes())
    except InvalidContract as error:
        raise ModelBroken(f"{path}: {error}") from None
    except OSError as error:
        raise ModelBroken(f"{path} cannot be read: {error}") from None
    if len(set(contract.columns)) != len(contract.columns):
        raise ModelBroken(f"{path}: a column is named twice")
    if contract.labels and len(contract.outputs) != 1:
        raise ModelBroken(f"{path}: an answer is a label, but {len(contract.outputs)} outputs")
    return contract


def _runner(path: Path, contract: TableContract, environment: Mapping[str, str]) -> "Runner":
    if contract.runtime == "onnx":
        return OnnxRunner(path, contract)
    from modelwharf.serving.table.fallback import FallbackRunner

    return FallbackRunner.load(path, contract, environment)
