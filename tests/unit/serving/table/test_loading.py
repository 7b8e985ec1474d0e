import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from modelwharf.artifact.table import HOLDOUT_FILE, TableContract
from modelwharf.serving.served import ModelBroken
from modelwharf.serving.table.columns import Floats
from modelwharf.serving.table.holdout import Holdout
from modelwharf.serving.table.loading import load_table
from modelwharf.serving.table.model import TableModel
from tests.unit.serving.table.toys import artifact, graph


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return artifact(tmp_path / "model")


def broken(folder: Path) -> str:
    with pytest.raises(ModelBroken) as caught:
        load_table(folder, {})
    return str(caught.value)


def change(folder: Path, **changes: Any) -> None:
    path = folder / "contract.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def hold(folder: Path, inputs: Any, predictions: Any) -> None:
    np.savez(folder / "holdout.npz", inputs=np.array(inputs), predictions=np.array(predictions))


def test_a_model_that_answers_its_holdout_is_served(folder: Path) -> None:
    assert load_table(folder).predict(np.array([[1.0, 2.0, 3.0]])).tolist() == [321.0]


def test_a_model_that_answers_otherwise_is_not(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(graph(((1.0,), (10.0,), (100.5,))))
    assert broken(folder) == (
        f"{folder / 'holdout.npz'}: row 1, prediction: the trained model answered 321.0, this one "
        "322.5; allowed are absolute=0.0 relative=0.0 (1 such rows)"
    )


def test_the_contract_says_how_near_is_near_enough(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(graph(((1.0,), (10.0,), (100.5,))))
    change(folder, tolerance={"absolute": 1.4, "relative": 0.0})
    assert "allowed are absolute=1.4" in broken(folder)
    change(folder, tolerance={"absolute": 0.5, "relative": 0.01})
    assert load_table(folder).contract.tolerance.relative == 0.01


def test_an_answer_that_is_not_a_number_differs_from_a_number(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(graph(((1.0,), (float("nan"),), (100.0,))))
    change(folder, tolerance={"absolute": 1e9, "relative": 1e9})
    assert "row 1, prediction: the trained model answered 321.0, this one nan" in broken(folder)


@pytest.mark.parametrize("name", ["contract.json", "model.onnx", "holdout.npz"])
def test_a_file_that_is_missing_or_garbage_is_named(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"garbage")
    assert broken(folder).startswith(str(folder / name))
    (folder / name).unlink()
    assert broken(folder).startswith(str(folder / name))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"columns": ["a", "b"], "takes_missing": []},
            "takes [('tensor(double)', 2, [3])], but contract.json says",
        ),
        ({"columns": ["a", "b", "b"], "takes_missing": []}, "a column is named twice"),
        ({"columns": []}, "columns must have at least one name"),
        ({"outputs": ["p", "q"]}, "predictions are float64 of (3,); (3, 2) numbers fit"),
        ({"outputs": ["p", "q"], "labels": ["x"]}, "an answer is a label, but 2 outputs"),
        ({"dtype": "float32"}, "takes [('tensor(double)', 2, [3])], but contract.json says"),
        ({"runtime": "skops"}, "model.skops is missing; contract.json says runtime 'skops'"),
        ({"surprise": 1}, "unknown field `surprise`"),
        ({"takes_missing": False, "largest": 2.0}, "the model refuses its own holdout: row 1"),
    ],
)
def test_files_that_do_not_fit_each_other_are_distinguished(
    folder: Path, changes: dict[str, Any], reason: str
) -> None:
    change(folder, **changes)
    assert reason in broken(folder)


@pytest.mark.parametrize(
    ("inputs", "predictions", "reason"),
    [
        (np.ones((0, 3)), np.ones(0), "holds no row"),
        (np.ones(3), np.ones(1), "inputs are float64 of (3,)"),
        (np.ones((2, 2)), np.ones(2), "inputs are float64 of (2, 2), but contract.json names 3"),
        (np.ones((2, 3)), np.ones(3), "predictions are float64 of (3,)"),
        ([["x", "y", "z"]], [1.0], "inputs are <U1"),
        ([[object(), 1, 2]], [1.0], "does not hold inputs and predictions"),
    ],
)
def test_a_holdout_that_cannot_be_asked_is_refused(
    folder: Path, inputs: Any, predictions: Any, reason: str
) -> None:
    hold(folder, inputs, predictions)
    assert reason in broken(folder)


def test_a_graph_for_other_columns_is_refused(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(graph(((1.0,), (2.0,))))
    assert "model.onnx takes [('tensor(double)', 2, [2])]" in broken(folder)


@pytest.mark.parametrize("content", [b"", b"PK", b"\x93NUMPY", b"no archive"])
def test_a_holdout_that_is_none_is_named(tmp_path: Path, content: bytes) -> None:
    folder = artifact(tmp_path)
    (folder / HOLDOUT_FILE).write_bytes(content)
    with pytest.raises(
        ModelBroken, match=r"does not hold inputs and predictions: .* is not an archive"
    ):
        load_table(folder)


def test_a_holdout_without_answers_says_what_it_lacks(tmp_path: Path) -> None:
    folder = artifact(tmp_path)
    np.savez(folder / HOLDOUT_FILE, inputs=np.ones((1, 3)))
    with pytest.raises(ModelBroken, match=r"holdout.npz lacks the array predictions$"):
        load_table(folder)


def test_an_array_in_place_of_a_holdout_is_named(tmp_path: Path) -> None:
    folder = artifact(tmp_path)
    with (folder / HOLDOUT_FILE).open("wb") as file:
        np.save(file, np.zeros((3, 3)))
    with pytest.raises(ModelBroken, match="does not hold inputs and predictions"):
        load_table(folder)


class Blurred:
    """A runner whose answers depend, in the last bit, on how many rows come together."""

    description = "blurred"

    def run(self, rows: Floats) -> NDArray[Any]:
        sums: NDArray[Any] = rows.sum(axis=1)
        return sums * (1 + (len(rows) > 4) * np.finfo(float).eps)


@pytest.mark.parametrize("count", [3, 1000])
def test_rows_are_joined_only_where_they_have_the_same_bits_as_alone(
    tmp_path: Path, count: int
) -> None:
    rows = np.random.default_rng(0).normal(size=(count, 3))
    assert load_table(artifact(tmp_path)).joins
    model = TableModel(TableContract(columns=("a", "b", "c")), Blurred())
    assert not Holdout(tmp_path, rows, rows[:, 0]).joins(model)


def test_questions_that_are_joined_have_the_answers_of_each_alone(tmp_path: Path) -> None:
    model = load_table(artifact(tmp_path))
    exchange = model.exchange("application/json", "")
    bodies = [b"[1, 2, 3]", b'{"instances": [[4, 5, 6]]}', b"[[7, 8, 9]]"] * 20
    asked = [exchange.parse(body) for body in bodies]
    together = [exchange.write(one) for one in exchange.predict_all(asked)]
    assert together == [exchange.write(exchange.predict(one)) for one in asked]
