"""PyTorch is not among the project's requirements: these run where it is installed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelwharf import export
from tests.unit.export import models

torch = pytest.importorskip("torch", reason="PyTorch is not installed here")
pytest.importorskip("onnxscript", reason="torch.onnx needs onnxscript, which is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


def network(outputs: int = 1) -> Any:
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(4, 8),
        torch.nn.BatchNorm1d(8),
        torch.nn.ReLU(),
        torch.nn.Dropout(0.5),
        torch.nn.Linear(8, outputs),
    )


def test_a_float32_module_answers_within_float32s_rounding(tmp_path: Path) -> None:
    inputs = models.rows()
    model = network(3)
    report = export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS)
    assert models.contract(tmp_path)["dtype"] == "float32"
    assert report.tolerance.relative == 1e-5
    assert models.holdout(tmp_path)["predictions"].shape == (600, 3)


def test_a_float64_module_is_exported_in_float64(tmp_path: Path) -> None:
    inputs = models.rows()
    report = export.write(network().double(), tmp_path, inputs=inputs, columns=models.COLUMNS)
    assert models.contract(tmp_path)["dtype"] == "float64"
    assert report.difference < 1e-9


def test_a_module_in_training_is_exported_as_it_evaluates_and_left_in_training(
    tmp_path: Path,
) -> None:
    inputs = models.rows()
    model = network().train()
    export.write(model, tmp_path, inputs=inputs, columns=models.COLUMNS)
    assert model.training
    with torch.no_grad():
        known = model.eval()(torch.from_numpy(inputs.astype(np.float32))).numpy()
    assert np.allclose(models.holdout(tmp_path)["predictions"], known)
