"""``application/jsonlines``: one line per row, as a list, ``{"features": […]}`` or by name."""

from collections.abc import Iterator

import numpy as np
import orjson

from modelwharf.serving.formats import text_of
from modelwharf.serving.refusal import Refusal
from modelwharf.serving.table import json_text, simd
from modelwharf.serving.table.columns import ROW_LIMIT, Columns, Floats
from modelwharf.serving.table.exchange import Answer, Question
from modelwharf.serving.table.json_text import WHITESPACE
from modelwharf.serving.table.lists import CHUNK, RowLists
from modelwharf.serving.table.outputs import Outputs

FEATURES = (b'{"features": [', b'{"features":[')  # as Python writes it, and as others write it
PREDICTION = b'{"prediction":'


class JsonLinesReader:
    """Reads rows, one JSON document per line. Blank lines are skipped."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._lists = RowLists(columns)

    def parse(self, body: bytes) -> Question:
        """Parse a body. Raises Refusal."""
        body = text_of(body)
        parts: list[Floats] = []
        done = 0
        if len(body) > ROW_LIMIT:  # a row has at least one byte
            self._columns.check_size(body.count(b"\n"))
        for lines in _chunks(body):
            rows = self._rows(lines, done)
            done += len(rows)
            parts.append(rows)
        if not parts:
            raise Refusal("the body holds no row")
        return Question(parts[0] if len(parts) == 1 else np.concatenate(parts))

    def _rows(self, lines: list[bytes], done: int) -> Floats:
        if len(lines) > 1:
            rows = _lists(lines, self._columns.count)
            if rows is not None:
                return rows
        return self._lists.rows(json_text.load_lines(lines, done + 1), first=done + 1)


def _lists(lines: list[bytes], width: int) -> Floats | None:
    """Return rows from lines that are all lists, or all ``{"features": […]}``; None otherwise."""
    opening = next((one for one in FEATURES if lines[0].startswith(one)), None)
    if opening is not None:
        if not all(line.startswith(opening) and line.endswith(b"]}") for line in lines):
            return None
        lines = [line[len(opening) - 1 : -1] for line in lines]
    # No list is nested, so each line begins one: as many lists as lines means one per line.
    elif not all(line.startswith(b"[") for line in lines):
        return None
    rows = simd.lists(b",".join(lines), width)
    return rows if rows is not None and len(rows) == len(lines) else None


def _chunks(body: bytes) -> Iterator[list[bytes]]:
    """Yield the lines that are not blank, about CHUNK bytes at a time."""
    start = 0
    while start < len(body):
        end = body.find(b"\n", start + CHUNK)
        end = len(body) if end < 0 else end
        lines = [bare for line in body[start:end].split(b"\n") if (bare := line.strip(WHITESPACE))]
        if lines:
            yield lines
        start = end + 1


class JsonLinesWriter:
    """Writes ``{"prediction": …}`` per line; several outputs are a list."""

    def __init__(self, outputs: Outputs) -> None:
        self._outputs = outputs

    def write(self, answer: Answer) -> bytes:
        values = self._outputs.values(answer.values)
        if values.dtype == object:
            return b"".join(b"%b%b}\n" % (PREDICTION, orjson.dumps(one)) for one in values.tolist())
        text = orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)
        if values.ndim == 1:
            return PREDICTION + text[1:-1].replace(b",", b"}\n" + PREDICTION) + b"}\n"
        return PREDICTION + text[1:-1].replace(b"],[", b"]}\n" + PREDICTION + b"[") + b"}\n"
