import io
import json
import math
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest

from modelwharf.artifact.table import HOLDOUT_FILE
from modelwharf.serving.formats import Format
from modelwharf.serving.refusal import Refusal
from modelwharf.serving.table.loading import load_table
from modelwharf.serving.table.model import TableModel
from tests.unit.serving.table.toys import NAMES, artifact

BODY = b"1,2,3\n4,5,6\n"
ANSWERS = [321.0, 654.0]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> TableModel:
    return load_table(artifact(tmp_path_factory.mktemp("model")))


def ask(model: TableModel, body: bytes, content_type: str = "text/csv", accept: str = "") -> bytes:
    exchange = model.exchange(content_type, accept)
    asked = exchange.parse(body)
    assert exchange.rows(asked) == len(asked.rows)
    return exchange.write(exchange.predict(asked))


def refused(model: TableModel, body: bytes, content_type: str = "text/csv") -> str:
    with pytest.raises(Refusal) as caught:
        ask(model, body, content_type)
    assert caught.value.status == 400
    return caught.value.reason


def npy(rows: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, rows)
    return file.getvalue()


def test_a_row_is_answered_like_it_was_asked(model: TableModel) -> None:
    assert ask(model, BODY) == b"321.0\n654.0\n"
    assert ask(model, b"[[1,2,3]]", "application/json") == b'{"predictions":[321.0]}'
    assert ask(model, b"[1,2,3]", "application/jsonlines") == b'{"prediction":321.0}\n'
    rows = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert np.load(io.BytesIO(ask(model, npy(rows), "application/x-npy"))).tolist() == ANSWERS


@pytest.mark.parametrize("accept", list(Format))
def test_each_format_answers_each_question(model: TableModel, accept: Format) -> None:
    exchange = model.exchange("text/csv", accept)
    assert exchange.content_type == accept
    assert exchange.write(exchange.predict(exchange.parse(BODY)))


def test_the_answers_name_is_the_one_that_the_client_gave(model: TableModel) -> None:
    line = "application/x-ndjson"
    assert model.exchange(line, "").content_type == line
    assert model.exchange("text/csv", line).content_type == line


def test_the_content_type_may_say_whether_there_is_a_header(model: TableModel) -> None:
    assert ask(model, b"c,a,b\n3,1,2\n", "text/csv; header=present") == b"321.0\n"
    with pytest.raises(Refusal):
        ask(model, b"c,a,b\n3,1,2\n", "text/csv;header=absent")


def test_what_is_not_read_or_written_is_refused_with_what_is(model: TableModel) -> None:
    for content_type, accept, status in (("text/html", "", 415), ("text/csv", "image/png", 406)):
        with pytest.raises(Refusal) as caught:
            model.exchange(content_type, accept)
        assert caught.value.status == status
        assert caught.value.reason.endswith(
            "use application/json, application/jsonlines, text/csv, application/x-npy, "
            "application/x-parquet"
        )


def test_several_outputs_are_a_list_a_row(tmp_path: Path) -> None:
    weights = ((1.0, 2.0), (10.0, 20.0), (100.0, 200.0))
    model = load_table(artifact(tmp_path / "m", weights, outputs=("p", "q")))
    assert ask(model, BODY) == b"321.0,642.0\n654.0,1308.0\n"
    answer = json.loads(ask(model, b"[[1,2,3]]", "application/json"))
    assert answer == {"predictions": [[321.0, 642.0]]}


def test_labels_stand_for_their_places(tmp_path: Path) -> None:
    weights = ((1.0,), (1.0,), (0.0,))
    places = np.array([3, 1, 2])
    labels = ("none", "low", "mid", "high")
    folder = artifact(tmp_path / "m", weights, labels=labels, predictions=places)
    model = load_table(folder)
    assert ask(model, b"1,1,9\n0,1,9\n") == b"mid\nlow\n"
    with pytest.raises(Refusal) as caught:
        model.exchange("text/csv", "application/x-npy")
    assert caught.value.status == 406
    assert "x-npy" not in caught.value.reason.partition("use")[2]
    exchange = model.exchange("application/x-npy", "")
    assert exchange.content_type == "application/json"


def test_labels_that_are_truth_values_are_answered_as_such_in_every_format(tmp_path: Path) -> None:
    third = ((0.0,), (0.0,), (1 / 3,))
    places = np.array([1, 0, 0])
    model = load_table(artifact(tmp_path / "m", third, labels=(False, True), predictions=places))
    body = b"0,1,3\n0,1,0\n"
    assert ask(model, body) == b"true\nfalse\n"
    assert ask(model, body, accept="application/json") == b'{"predictions":[true,false]}'
    assert ask(model, body, accept="application/jsonlines") == (
        b'{"prediction":true}\n{"prediction":false}\n'
    )
    array = np.load(io.BytesIO(ask(model, body, accept="application/x-npy")))
    assert (array.dtype, array.tolist()) == (np.bool_, [True, False])
    parquet = ask(model, body, accept="application/x-parquet")
    assert pyarrow.parquet.read_table(io.BytesIO(parquet))["prediction"].to_pylist() == [
        True,
        False,
    ]
    tensor = {"name": "rows", "shape": [2, 3], "datatype": "FP64", "data": [0, 1, 3, 0, 1, 0]}
    answer = json.loads(ask(model, json.dumps({"inputs": [tensor]}).encode(), "application/json"))
    assert answer["outputs"] == [
        {"name": "prediction", "shape": [2], "datatype": "BOOL", "data": [True, False]}
    ]
    assert '"enum": [false, true]' in json.dumps(model.openapi())


def test_a_missing_value_is_taken_unless_the_trained_model_takes_none(
    model: TableModel, tmp_path: Path
) -> None:
    assert ask(model, b"1,,3\n") == b"nan\n"
    strict = load_table(artifact(tmp_path / "m", takes_missing=("a",)))
    assert ask(strict, b",2,3\n") == b"nan\n"
    assert ask(strict, b"1,2,3\n") == b"321.0\n"
    reason = "row 2, column 'b': nan is missing, and the model takes no such row"
    assert refused(strict, b"1,2,3\n4,,6\n") == reason
    assert refused(strict, b"[[1,2,3],[4,null,6]]", "application/json") == reason
    assert (
        refused(strict, npy([[1.0, 2.0, 3.0], [4.0, math.nan, 6.0]]), "application/x-npy") == reason
    )


def test_of_an_older_artifacts_one_flag_only_the_gaps_in_the_holdout_are_taken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = artifact(tmp_path, takes_missing=True)
    held = np.array([[1.0, 2.0, 3.0], [1.0, math.nan, 3.0]])
    np.savez(folder / HOLDOUT_FILE, inputs=held, predictions=np.array([321.0, math.nan]))
    with caplog.at_level("WARNING", logger="inference"):
        old = load_table(folder)
    assert "taken where the holdout has some (b), and refused elsewhere" in caplog.text
    assert ask(old, b"1,,3\n") == b"nan\n"
    assert refused(old, b"1,2,\n") == (
        "row 1, column 'c': nan is missing, and the artifact, of an older export, does not say "
        "whether the model takes that: its holdout has no such row. Export the model again"
    )


def test_an_older_artifacts_flag_that_no_gap_is_taken_holds_for_all_columns(
    tmp_path: Path,
) -> None:
    old = load_table(artifact(tmp_path, takes_missing=False))
    assert "column 'b': nan is missing, and the model takes no such row" in refused(old, b"1,,3\n")


def test_some_columns_may_take_infinity_though_the_others_have_a_largest_number(
    tmp_path: Path,
) -> None:
    mixed = load_table(artifact(tmp_path, largest=1000.0, takes_infinity=("b",)))
    assert ask(mixed, b"1000,inf,1\n") == b"inf\n"
    assert ask(mixed, b"1,1e300,1\n") == b"1e+301\n"
    assert "row 1, column 'c': inf is beyond 1000.0" in refused(mixed, b"1,inf,inf\n")


def test_a_value_is_taken_unless_it_is_beyond_the_largest(
    model: TableModel, tmp_path: Path
) -> None:
    assert ask(model, b"inf,2,3\n") == b"inf\n"
    bounded = load_table(artifact(tmp_path / "m", largest=1000.0))
    assert ask(bounded, b"1000,-1000,1\n") == b"-8900.0\n"
    assert refused(bounded, b"0,0,-1000.5\n") == (
        "row 1, column 'c': -1000.5 is beyond 1000.0, the largest it takes"
    )
    assert "row 1, column 'a': inf is beyond" in refused(bounded, b"inf,0,0\n")
    assert ask(bounded, b",0,0\n") == b"nan\n"


def test_a_model_of_float32_takes_what_float32_holds(tmp_path: Path) -> None:
    model = load_table(artifact(tmp_path / "m", dtype="float32"))
    assert ask(model, b"0.1,0,0\n") == b"0.10000000149011612\n"
    assert ask(model, b"inf,1,1\n") == b"inf\n"
    assert "row 1, column 'b': 1e+39 is beyond" in refused(model, b"0,1e39,0\n")


def test_several_threads_get_their_own_answers(model: TableModel) -> None:
    wrong: list[bytes] = []

    def work(number: int) -> None:
        for _ in range(200):
            body = b"\n".join([b"%d,0,0" % number] * (1 + number % 3))
            if ask(model, body) != b"%d.0\n" % number * (1 + number % 3):
                wrong.append(body)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_forked_child_answers_too(model: TableModel) -> None:
    assert ask(model, BODY) == b"321.0\n654.0\n"
    child = os.fork()
    if not child:
        os._exit(0 if ask(model, BODY) == b"321.0\n654.0\n" else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_the_description_says_what_answers(model: TableModel) -> None:
    assert model.description.startswith(
        "a table of 3 columns, answered with prediction, by onnxruntime 1."
    )
    assert model.contract.columns == NAMES


def test_a_model_may_take_numbers_whose_squares_are_none(tmp_path: Path) -> None:
    model = load_table(artifact(tmp_path, largest=1e200))
    assert ask(model, BODY) == b"321.0\n654.0\n"
    assert "beyond 1e+200" in refused(model, b"1e201,2,3\n")
