"""The program as SageMaker starts it: a process, a folder tree, an exit code."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.training.walks import prepared, walk, write_hyperparameters, write_raw
from tests.waiting import HUNG
from training.rejected import Rejected
from training.train import train

ROOT = Path(__file__).parents[3]


def run(base: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "training", *arguments],
        cwd=ROOT,
        env={**os.environ, "SAGEMAKER_BASE_DIR": str(base)},
        capture_output=True,
        text=True,
        timeout=HUNG,
        check=False,
    )


def test_rejected_data_ends_prepare_with_the_reason_in_message(tmp_path: Path) -> None:
    write_raw(tmp_path, {"wti": "Date,Price\n2020-01-03,1\n2020-01-02,2\n2020-01-06,3\n"})
    result = run(tmp_path, "prepare")
    reason = (tmp_path / "output" / "message").read_text()
    assert result.returncode == 1
    assert reason.startswith("wti: line 3 (2020-01-02) is before line 2")
    assert reason in result.stderr
    assert "Traceback" not in result.stderr


def test_a_reason_too_long_for_sagemaker_says_where_the_rest_is(tmp_path: Path) -> None:
    lines = "".join(f"2020-13-{day:02},{'x' * day}\n" for day in range(10, 32))
    write_raw(tmp_path, dict.fromkeys(("a", "b", "c", "d", "e", "f"), f"Date,Price\n{lines}"))
    result = run(tmp_path, "prepare")
    reason = (tmp_path / "output" / "message").read_text()
    assert len(reason) == 1000
    assert reason.endswith(" … (all of it: wharf logs)")
    assert "f: line 2 has the date" in result.stderr


def test_a_bad_hyperparameter_ends_train_with_the_reason_in_failure(tmp_path: Path) -> None:
    folders = prepared(tmp_path, {"wti": walk()})
    write_hyperparameters(folders, holdout_days="soon", learning_rate="3")
    result = run(tmp_path, "train")
    reason = folders.training_failure.read_text()
    assert result.returncode == 1
    assert "hyperparameters: holdout_days is 'soon', but input should be a valid integer" in reason
    assert "unknown 'learning_rate'; allowed: holdout_days, calibration_days, shrinkage" in reason
    assert "Traceback" not in result.stderr
    assert not folders.model.exists()


def test_too_little_data_that_came_ready_is_rejected_by_training(tmp_path: Path) -> None:
    folders = write_raw(tmp_path, {"wti": walk(days=400)})
    folders.channel.parent.mkdir(parents=True)
    folders.processing_input.rename(folders.channel)
    with pytest.raises(Rejected, match="269 are needed: 120 to learn from"):
        train(folders)


def test_our_own_fault_leaves_its_name_in_failure_and_a_traceback_in_the_log(
    tmp_path: Path,
) -> None:
    folders = prepared(tmp_path, {"wti": walk()})
    folders.model.write_text("a file where the folder should be")
    result = run(tmp_path, "train")
    assert result.returncode == 1
    assert folders.training_failure.read_text().startswith("FileExistsError: ")
    assert "Traceback" in result.stderr


def test_another_command_is_refused_with_the_usage(tmp_path: Path) -> None:
    result = run(tmp_path, "serve")
    assert result.returncode == 2
    assert "usage: python -m training prepare|train (given: serve)" in result.stderr


def test_training_imports_its_drawing_only_at_its_end() -> None:
    """matplotlib takes 0.4 s, and refused data needs no picture."""
    program = "import sys, training.train; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr
