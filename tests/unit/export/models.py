"""Data and graphs for the tests of the export."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from modelwharf.artifact.table import CONTRACT_FILE, HOLDOUT_FILE, MODEL_FILES
from modelwharf.export.graph import INPUT
from modelwharf.export.runtime import runner

COLUMNS = ("a", "b", "c", "d")
ROWS = 600


def rows(*, missing: bool = False) -> np.ndarray:
    random = np.random.default_rng(7)
    made = random.normal(size=(ROWS, len(COLUMNS))) * [1, 10, 0.01, 1000]
    if missing:
        made[random.random(made.shape) < 0.1] = np.nan
    return made


def target(of: np.ndarray) -> np.ndarray:
    known = np.nan_to_num(of)
    found: np.ndarray = known[:, 0] * 3 - known[:, 1] + np.sin(known[:, 3])
    return found


def classes(of: np.ndarray, count: int) -> np.ndarray:
    """Names in no alphabet's order of size: ``c`` for the smallest targets."""
    value = target(of)
    edges = np.quantile(value, np.linspace(0, 1, count + 1)[1:-1])
    found: np.ndarray = np.array(["c", "a", "b"])[np.digitize(value, edges)]
    return found


def contract(folder: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder / CONTRACT_FILE).read_text())
    return read


def holdout(folder: Path) -> dict[str, np.ndarray]:
    with np.load(folder / HOLDOUT_FILE) as arrays:
        return dict(arrays)


def answers(folder: Path, asked: np.ndarray) -> np.ndarray:
    import onnx

    proto = onnx.load(folder / MODEL_FILES["onnx"])
    assert [one.name for one in proto.graph.input] == [INPUT]
    return runner(proto)(asked)


def target_of_all(of: np.ndarray) -> np.ndarray:
    """A step of a pipeline that is a team's own function."""
    return target(of).reshape(-1, 1)
