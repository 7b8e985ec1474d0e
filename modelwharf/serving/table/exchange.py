"""The data between the steps of a request for a table's predictions."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from modelwharf.serving.table.columns import Floats

JOINED_ROWS = 32
"""The most rows of different requests that one run of the model answers."""


class Envelope(NamedTuple):
    """The envelope of a request in the V2 inference protocol, which the response repeats."""

    id: str | None


class Question(NamedTuple):
    """A parsed request. ``rows``: rows × the contract's columns, contiguous."""

    rows: Floats
    envelope: Envelope | None = None


class Answer(NamedTuple):
    """Predictions. ``values``: rows, or rows × outputs; float64, or indices of the contract's
    labels.
    """

    values: NDArray[Any]
    envelope: Envelope | None = None


class Reader(Protocol):
    """Reads rows from bodies of one format."""

    def parse(self, body: bytes) -> Question:
        """Parse a body. Raises Refusal: 400, or 413 for more rows or values than one request may
        have.
        """


class Writer(Protocol):
    """Writes predictions as bodies of one format."""

    def write(self, answer: Answer) -> bytes: ...


class TableExchange:
    """A reader, a model and a writer; a ``modelwharf.serving.served.Exchange``."""

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
        # Bound once, without another call: a row is answered in a few microseconds.
        self.parse = reader.parse
        self.predict = predict
        self.write = writer.write

    def predict_all(self, asked: Sequence[Question]) -> Sequence[Answer]:
        """Answer several requests, in joint runs where the model allows it. Raises Refusal
        (400).
        """
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
