"""``application/json`` in the shapes that clients of SageMaker, MLflow and V2 write."""

import json
from typing import Any

import numpy as np
import orjson

from inference.refusal import Refusal
from inference.table.columns import Columns
from inference.table.exchange import Answer, Question
from inference.table.outputs import Outputs
from inference.table.shapes import Shapes

ROW_KEYS = ("instances", "inputs")
SMALL = 64 * 1024  # bytes


class JsonReader:
    """Rows from lists and from objects."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._width = columns.count
        self._shapes = Shapes(columns)

    def parse(self, body: bytes) -> Question:
        """Raises Refusal."""
        # One key and no other text: no text in place of a number, no key twice.
        if len(body) < SMALL and body.count(b'"') == 2:
            try:
                ((key, rows),) = orjson.loads(body).items()
                found = np.array(rows, np.float64)
            except (ValueError, TypeError, AttributeError):
                pass
            else:
                if found.ndim == 2 and found.shape[1] == self._width and key in ROW_KEYS:
                    return Question(found)
        return self._shapes.question(load(body))


def load(body: bytes) -> Any:
    """A JSON document, with NaN and Infinity as Python's clients write them.

    Raises Refusal for what is no JSON, for a key that stands twice in an object, and for a
    number that no float64 holds.
    """
    try:
        return json.loads(body.decode("utf-8-sig"), object_pairs_hook=_unique, parse_float=_finite)
    except UnicodeDecodeError as error:
        raise Refusal(f"the body is not UTF-8 (byte {error.start})") from None
    except RecursionError:
        raise Refusal("the body is nested too deeply") from None
    except ValueError as error:
        raise Refusal(f"the body is not JSON: {error}") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refusal("a key stands twice in an object")
    return found


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise Refusal(f"{text} is beyond what a 64-bit float holds")
    return value


class JsonWriter:
    """``{"predictions": […]}``, or V2's answer to V2's question."""

    def __init__(self, outputs: Outputs, model_name: str) -> None:
        self._outputs = outputs
        self._model_name = model_name

    def write(self, answer: Answer) -> bytes:
        return b'{"predictions":%b}' % self._outputs.json(answer.values)
