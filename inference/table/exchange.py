"""What passes between the steps of a request for a table's predictions."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from inference.table.columns import Floats

JOINED_ROWS = 32
"""Rows of different requests that are answered in one run of the model, at the most."""


class Envelope(NamedTuple):
    """A question in the V2 inference protocol, which is answered in it."""

    id: str | None


class Question(NamedTuple):
    """``rows``: rows × the contract's columns, contiguous."""

    rows: Floats
    envelope: Envelope | None = None


class Answer(NamedTuple):
    """``values``: rows, or rows × outputs; float64, or places in the contract's labels."""

    values: NDArray[Any]
    envelope: Envelope | None = None


class Reader(Protocol):
    """Bodies of one format to rows."""

    def parse(self, body: bytes) -> Question:
        """Raises Refusal: 400, or 413 for more rows or values than are answered at once."""


class Writer(Protocol):
    """Predictions to bodies of one format."""

    def write(self, answer: Answer) -> bytes: ...


class TableExchange:
    """A reader, a model and a writer; an ``inference.served.Exchange``."""

    def __init__(
        self,
        reader: Reader,
        predict: Callable[[Question], Answer],
        writer: Writer,
        content_type: str,
        *,
        joins: bool = False,
    ) -> None:
        self._joins = joins
        self.content_type = content_type
        # Bound once, not called through: a row is answered in a few microseconds.
        self.parse = reader.parse
        self.predict = predict
        self.write = writer.write

    def predict_all(self, asked: Sequence[Question]) -> Sequence[Answer]:
        """Raises Refusal (400)."""
        if not self._joins or len(asked) == 1:
            return [self.predict(one) for one in asked]
        answers: list[Answer] = []
        for first in range(0, len(asked), JOINED_ROWS):
            answers += self._joined(asked[first : first + JOINED_ROWS])
        return answers

    def _joined(self, asked: Sequence[Question]) -> Sequence[Answer]:
        rows = [one.rows for one in asked]
        if {*map(len, rows)} != {1}:
            return [self.predict(one) for one in asked]
        values = self.predict(Question(np.concatenate(rows))).values
        return [Answer(values[place : place + 1], one.envelope) for place, one in enumerate(asked)]

    def rows(self, asked: Question) -> int:
        return len(asked.rows)
