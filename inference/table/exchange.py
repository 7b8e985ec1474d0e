"""What passes between the steps of a request for a table's predictions."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from numpy.typing import NDArray

from inference.table.columns import Floats


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
    ) -> None:
        self.content_type = content_type
        # Bound once, not called through: a row is answered in a few microseconds.
        self.parse = reader.parse
        self.predict = predict
        self.write = writer.write

    def rows(self, asked: Question) -> int:
        return len(asked.rows)
