"""The OpenAPI description of a table model's requests and responses."""

from collections.abc import Sequence
from typing import Any

from modelwharf.artifact.table import TableContract
from modelwharf.serving.formats import NAMES, Format
from modelwharf.serving.table.shapes import OTHER_KEYS
from modelwharf.serving.table.v2 import DATATYPES

Schema = dict[str, Any]
ANYTHING: Schema = {}


def describe(contract: TableContract, written: Sequence[Format]) -> dict[str, object]:
    """Return ``requestBody`` and the contents of a 200 in OpenAPI 3.1."""
    asked = _questions(contract)
    answers = _answers(contract)
    return {
        "requestBody": {
            "required": True,
            "description": (
                f"Rows of {len(contract.columns)} columns, in this order or by name: "
                f"{', '.join(contract.columns)}. {_gaps(contract)}"
            ),
            "content": {name: asked[form] for name, form in NAMES.items()},
        },
        "responses": {
            "200": {
                "description": "An answer a row, in the rows' order.",
                "content": {name: answers[form] for name, form in NAMES.items() if form in written},
            }
        },
    }


def _gaps(contract: TableContract) -> str:
    named = contract.takes_missing
    if named is True or (named and len(named) == len(contract.columns)):
        return "Missing values (null) are taken in every column."
    if not named:
        return "Missing values (null) are refused."
    return f"Missing values (null) are taken in {', '.join(named)}, and refused elsewhere."


def _questions(contract: TableContract) -> dict[Format, Schema]:
    width = len(contract.columns)
    cell: Schema = {"type": ["number", "boolean", "null"]}
    row: Schema = {"type": "array", "items": cell, "minItems": width, "maxItems": width}
    named: Schema = {
        "type": "object",
        "properties": dict.fromkeys(contract.columns, cell),
        "required": list(contract.columns),
        "additionalProperties": False,
    }
    features = _object({"features": row})
    any_row = {"oneOf": [row, named, features]}
    rows = {"type": "array", "items": any_row, "minItems": 1}
    of_column = {"type": "array", "items": cell, "minItems": 1}
    by_column = {**named, "properties": dict.fromkeys(contract.columns, of_column)}
    split = _object(
        {"data": {"type": "array", "items": row, "minItems": 1}},
        columns={"type": "array", "items": {"enum": list(contract.columns)}},
        index=ANYTHING,
    )
    tensor = _object(
        {
            "name": {"type": "string"},
            "shape": {"type": "array", "items": {"type": "integer", "minimum": 1}},
            "datatype": {"enum": list(DATATYPES)},
            "data": {"type": "array"},
        },
        parameters=ANYTHING,
    )
    others = dict.fromkeys(OTHER_KEYS, ANYTHING)
    v2 = _object(
        {"inputs": {"type": "array", "items": tensor, "minItems": 1}},
        **{**others, "id": {"type": ["string", "null"]}},
    )
    example = [[0.0] * width]
    return {
        Format.JSON: {
            "schema": {
                "anyOf": [
                    _object({"instances": rows}, **others),
                    _object({"inputs": {"oneOf": [rows, by_column]}}, **others),
                    _object({"dataframe_split": split}, **others),
                    _object({"dataframe_records": rows}, **others),
                    v2,
                    rows,
                    any_row,
                ]
            },
            "examples": {"rows": {"value": {"instances": example}}},
        },
        Format.JSON_LINES: {
            "schema": {"type": "string"},
            "examples": {"row": {"value": f'{{"features": {example[0]}}}\n'}},
        },
        Format.CSV: {
            "schema": {"type": "string"},
            "examples": {"row": {"value": ",".join(["0.0"] * width) + "\n"}},
        },
        Format.NPY: {"schema": {"type": "string", "format": "binary"}},
        Format.PARQUET: {"schema": {"type": "string", "format": "binary"}},
    }


def _answers(contract: TableContract) -> dict[Format, Schema]:
    one: Schema = {"type": ["number", "null"]}
    if contract.labels:
        one = {"enum": list(contract.labels)}
    width = len(contract.outputs)
    if width > 1:
        one = {"type": "array", "items": one, "minItems": width, "maxItems": width}
    tensor = _object(
        {
            "name": {"enum": list(contract.outputs)},
            "shape": {"type": "array", "items": {"type": "integer"}},
            "datatype": {"enum": ["FP64", "INT64", "BOOL", "BYTES"]},
            "data": {"type": "array"},
        }
    )
    v2 = _object(
        {
            "model_name": {"type": "string"},
            "outputs": {"type": "array", "items": tensor},
        },
        id={"type": "string"},
    )
    return {
        Format.JSON: {
            "schema": {"oneOf": [_object({"predictions": {"type": "array", "items": one}}), v2]}
        },
        Format.JSON_LINES: {"schema": {"type": "string"}},
        Format.CSV: {"schema": {"type": "string"}},
        Format.NPY: {"schema": {"type": "string", "format": "binary"}},
        Format.PARQUET: {"schema": {"type": "string", "format": "binary"}},
    }


def _object(required: dict[str, Any], **optional: Any) -> Schema:
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
        "additionalProperties": False,
    }
