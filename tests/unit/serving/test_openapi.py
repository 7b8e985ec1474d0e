import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from inference.__main__ import KINDS
from modelwharf.serving.formats import NAMES
from modelwharf.serving.openapi import document
from tests.unit.serving.table.toys import NAMES as COLUMNS
from tests.unit.serving.table.toys import artifact

STATUSES = {"200", "400", "406", "408", "413", "415", "431", "500", "503"}


@pytest.fixture
def table(tmp_path: Path) -> dict[str, Any]:
    return document(KINDS.load(artifact(tmp_path / "m")))


@pytest.fixture
def forecast(model_folder: Path) -> dict[str, Any]:
    return document(KINDS.load(model_folder))


def invocations(found: dict[str, Any]) -> dict[str, Any]:
    post: dict[str, Any] = found["paths"]["/invocations"]["post"]
    return post


def valid(schema: Any, value: Any) -> bool:
    return bool(Draft202012Validator(schema).is_valid(value))


def test_it_is_a_document_that_programs_read(
    table: dict[str, Any], forecast: dict[str, Any]
) -> None:
    import schemathesis  # here: every worker imports this file, and it takes half a second

    for found in (table, forecast):
        schema = schemathesis.openapi.from_dict(json.loads(json.dumps(found)))
        operations: list[Any] = list(schema.get_all_operations())  # an Err has no ok()
        paths = {operation.ok().path for operation in operations}
        assert paths == {"/ping", "/invocations", "/execution-parameters", "/openapi.json"}
        assert set(invocations(found)["responses"]) == STATUSES


def test_a_table_says_which_rows_it_takes(table: dict[str, Any]) -> None:
    content = invocations(table)["requestBody"]["content"]
    assert set(content) == set(NAMES)
    schema = content["application/json"]["schema"]
    named = dict.fromkeys(COLUMNS, 1.5)
    for right in ({"instances": [[1, None, 3]]}, [[1, 2, 3]], {"dataframe_records": [named]}):
        assert valid(schema, right)
    wrongs: list[Any] = [{"instances": [[1, 2]]}, {"instances": [["x", 2, 3]]}, {"rows": []}, {}, 3]
    for wrong in wrongs:
        assert not valid(schema, wrong)


@pytest.mark.parametrize(
    ("taken", "said"),
    [
        (COLUMNS, "Missing values (null) are taken in every column."),
        (("a", "c"), "Missing values (null) are taken in a, c, and refused elsewhere."),
        ((), "Missing values (null) are refused."),
    ],
)
def test_a_table_says_in_which_columns_it_takes_gaps(
    tmp_path: Path, taken: tuple[str, ...], said: str
) -> None:
    model = KINDS.load(artifact(tmp_path / "m", takes_missing=taken))
    assert said in invocations(document(model))["requestBody"]["description"]


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"data": [[1, 2, 3]]}},
        {"dataframe_split": {"data": [[1, 2, 3]], "index": 7}},
        {"instances": [[1, 2, 3]], "signature_name": "x", "params": [1]},
        {"inputs": [{"name": "x", "shape": [3], "datatype": "FP16", "data": [1, 2, 3],
                     "parameters": 1}], "outputs": []},
    ],
)  # fmt: skip
def test_what_a_table_takes_beside_rows_is_described(tmp_path: Path, body: dict[str, Any]) -> None:
    model = KINDS.load(artifact(tmp_path / "m"))
    content = invocations(document(model))["requestBody"]["content"]
    model.exchange("application/json", "").parse(json.dumps(body).encode())
    assert valid(content["application/json"]["schema"], body)


def test_what_it_says_of_answers_is_true(tmp_path: Path) -> None:
    model = KINDS.load(artifact(tmp_path / "m"))
    schema = invocations(document(model))["responses"]["200"]["content"]["application/json"]
    exchange = model.exchange("application/json", "")
    v2 = {"inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP64", "data": [1, 2, 3]}]}
    for body in ({"instances": [[1, 2, 3]]}, v2):
        asked = exchange.parse(json.dumps(body).encode())
        assert valid(schema["schema"], json.loads(exchange.write(exchange.predict(asked))))


def test_a_forecaster_says_which_questions_it_takes(forecast: dict[str, Any]) -> None:
    content = invocations(forecast)["requestBody"]["content"]
    assert "application/x-npy" not in content
    schema = content["application/json"]["schema"]
    assert valid(schema, {"product": "wti", "date": "2019-01-15"})
    assert not valid(schema, {"product": "gold", "date": "2019-01-15"})
