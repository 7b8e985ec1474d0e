"""The scikit-learn template's training program, on its own."""

import importlib
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from modelwharf.artifact.evaluation import EvaluationReport, HoldoutRow
from modelwharf.artifact.table import read_contract
from modelwharf.cli.templates import templates

ROOT = Path(__file__).parents[3]
TEMPLATE = templates()["scikit-learn"].folder
PROGRAM = TEMPLATE / "train.py"
DIABETES = (TEMPLATE / "data/diabetes.csv").read_text()
SHARED = {"numpy", "onnxruntime", "pydantic"}


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(PROGRAM.parent)  # as Python does for the program that it runs
    return importlib.import_module("train")


@dataclass(frozen=True)
class Trained:
    code: int
    tree: Path

    @property
    def failure(self) -> str:
        return (self.tree / "output/failure").read_text()

    @property
    def holdout(self) -> list[HoldoutRow]:
        lines = (self.tree / "output/data/holdout.jsonl").read_text().splitlines()
        return [HoldoutRow.model_validate_json(line) for line in lines]


def train(
    program: ModuleType, tree: Path, files: Mapping[str, bytes], **hyperparameters: str
) -> Trained:
    """As SageMaker starts it, but in this process."""
    channel, config = tree / "input/data/training", tree / "input/config"
    channel.mkdir(parents=True)
    config.mkdir(parents=True)
    for name, content in files.items():
        (channel / name).write_bytes(content)
    (config / "hyperparameters.json").write_text(json.dumps(hyperparameters))
    return Trained(program.run(tree), tree)


def test_the_model_its_report_and_its_holdout_agree(program: ModuleType, tmp_path: Path) -> None:
    holed = DIABETES.replace("59,2,32.1", "59,2,", 1)  # a missing value
    trained = train(program, tmp_path, {"diabetes.csv": holed.encode()}, iterations="5")

    assert trained.code == 0
    contract = read_contract((tmp_path / "model/contract.json").read_bytes())
    assert contract.columns == ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")
    report = EvaluationReport.model_validate_json(
        (tmp_path / "output/data/evaluation.json").read_text()
    )
    assert report.metrics.keys() == {"r2", "mae"}
    assert report.holdout_rows == len(trained.holdout) == 111
    with np.load(tmp_path / "model/holdout.npz") as shipped:
        assert shipped["predictions"].ravel().tolist() == [
            row.prediction for row in trained.holdout
        ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a,progression\n1,2\nx,3\n", r"\.csv:3: a: 'x' is not a number"),
        (b"a,progression\n1,2\n1\n", r"\.csv:3: 1 cells, not 2 as in the header"),
        (b"a,progression\n1,inf\n", r"\.csv:2: progression: 'inf' is not finite"),
        (b"a,b\n1,2\n", "no column 'progression', which the hyperparameter target names"),
        (b"a,progression\n1,2\n", "1 rows; at least 40 are needed"),
        (b"a,progression\n" + b"1,\n" * 40, "the target 'progression' is missing in a row"),
        (b"\x00\xff\xfe{not,data", "is not a CSV file"),
        (b"", "there are none"),
    ],
)
def test_data_that_are_none_are_refused_by_their_place(
    program: ModuleType, tmp_path: Path, content: bytes, words: str
) -> None:
    trained = train(program, tmp_path, {"diabetes.csv": content})
    assert trained.code == 1
    assert re.search(words, trained.failure), trained.failure


def test_files_with_other_columns_are_refused(program: ModuleType, tmp_path: Path) -> None:
    files = {"a.csv": DIABETES.encode(), "b.csv": b"progression,age\n1,2\n"}
    assert "not ['age', 'sex'" in train(program, tmp_path, files).failure


def test_an_empty_channel_is_reported(program: ModuleType, tmp_path: Path) -> None:
    assert "there is no .csv file in" in train(program, tmp_path, {}).failure


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"leafs": "3"}, "unknown hyperparameter 'leafs'; there are target, holdout_share"),
        ({"iterations": "3.5"}, "iterations is '3.5', not a whole number"),
        ({"learning_rate": "fast"}, "learning_rate is 'fast', not a number"),
        ({"holdout_share": "1"}, "holdout_share is 1.0; it must be between 0 and 1"),
    ],
)
def test_a_hyperparameter_is_refused_by_its_name(
    program: ModuleType, tmp_path: Path, given: dict[str, Any], words: str
) -> None:
    trained = train(program, tmp_path, {"diabetes.csv": DIABETES.encode()}, **given)
    assert trained.code == 1
    assert words in trained.failure


def test_blank_lines_are_no_rows(program: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "diabetes.csv").write_text(DIABETES + "\n\n")
    _, rows = program.read_table(tmp_path, "progression")
    assert len(rows) == 442


def test_a_model_that_cannot_be_exported_is_refused_with_the_export_s_words(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Unknown:
        def predict(self, rows: Any) -> Any:
            return np.zeros(len(rows))

    monkeypatch.setattr(program, "fit", lambda inputs, target, settings: Unknown())
    trained = train(program, tmp_path, {"diabetes.csv": DIABETES.encode()})
    assert trained.code == 1
    assert "Unknown" in trained.failure


def test_another_word_than_train_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, str(PROGRAM), "serve"],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "usage: train.py train" in done.stderr


def test_sigterm_is_heeded_before_the_imports_that_take_seconds() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import sys, train; print('numpy' in sys.modules)"],
        env={"PYTHONPATH": f"{ROOT}:{PROGRAM.parent}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"


def test_the_compared_runtime_is_the_serving_one() -> None:
    files = templates()["scikit-learn"].files("diabetes")
    training = locked(files["containers/training/requirements.txt"])
    serving = locked(files["containers/inference/requirements.txt"])
    shared = training.keys() & serving.keys()
    assert shared >= SHARED
    assert {name: training[name] for name in shared} == {name: serving[name] for name in shared}


def test_the_lock_holds_what_the_program_wants() -> None:
    lock = locked((TEMPLATE / "containers/training/requirements.txt").read_bytes())
    lines = (TEMPLATE / "containers/training/requirements.in").read_text().splitlines()
    wanted = dict(line.split("==", 1) for line in lines if not line.startswith("#"))
    assert {"numpy", "onnx", "scikit-learn"} <= wanted.keys()
    assert wanted.items() <= lock.items()


def locked(lock: bytes) -> dict[str, str]:
    """Package → version of every requirement."""
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+) \\$", lock.decode(), re.MULTILINE))
