"""``application/json`` in the shapes of SageMaker's, MLflow's and V2's clients."""

import numpy as np
import orjson

from modelwharf.serving.formats import text_of
from modelwharf.serving.table import v2
from modelwharf.serving.table.columns import Columns
from modelwharf.serving.table.exchange import Answer, Question
from modelwharf.serving.table.json_text import read
from modelwharf.serving.table.lists import skim
from modelwharf.serving.table.outputs import Outputs
from modelwharf.serving.table.shapes import Shapes

ROW_KEYS = ("instances", "inputs")
SMALL = 64 * 1024  # bytes


class JsonReader:
    """Reads rows from lists and from objects."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._width = columns.count
        self._shapes = Shapes(columns)

    def parse(self, body: bytes) -> Question:
        """Parse a body. Raises Refusal."""
        body = text_of(body)
        # One key and no other string: no string stands for a number, and no key is duplicate.
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
    """Writes ``{"predictions": […]}``, or a V2 response to a V2 request."""

    def __init__(self, outputs: Outputs) -> None:
        self._outputs = outputs

    def write(self, answer: Answer) -> bytes:
        if answer.envelope is None:
            return b'{"predictions":%b}' % self._outputs.json(answer.values)
        return v2.answer(self._outputs, answer.values, answer.envelope)
