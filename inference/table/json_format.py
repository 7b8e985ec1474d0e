"""``application/json`` in the shapes that clients of SageMaker, MLflow and V2 write."""

import numpy as np
import orjson

from inference.table import v2
from inference.table.columns import Columns
from inference.table.exchange import Answer, Question
from inference.table.json_text import read
from inference.table.lists import skim
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
        document = read(body)
        question = self._shapes.question(document.value)
        for aside in document.asides:
            if not aside.is_read:
                skim(aside)
        return question


class JsonWriter:
    """``{"predictions": […]}``, or V2's answer to V2's question."""

    def __init__(self, outputs: Outputs) -> None:
        self._outputs = outputs

    def write(self, answer: Answer) -> bytes:
        if answer.envelope is None:
            return b'{"predictions":%b}' % self._outputs.json(answer.values)
        return v2.answer(self._outputs, answer.values, answer.envelope)
