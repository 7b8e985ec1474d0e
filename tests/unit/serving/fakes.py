"""A model without a model: it adds up the numbers of each line."""

import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from modelwharf.serving.refusal import Refusal
from modelwharf.serving.served import Served

ROWS = b"1,2\n3,4\n"
SUMS = b"3.0\n7.0\n"


class Adding:
    """CSV in, CSV out. ``before`` runs before each prediction, with its rows."""

    content_type = "text/csv"
    description = "a fake that adds"

    def __init__(self, before: Callable[[list[list[float]]], object] = lambda rows: None) -> None:
        self._before = before
        self.threads: list[str] = []
        self.together: list[int] = []
        """How many questions were asked at once, each time."""

    def exchange(self, content_type: str, accept: str) -> "Adding":
        if content_type != "text/csv":
            raise Refusal(f"Content-Type {content_type!r} is not supported", status=415)
        if accept not in ("", "*/*", "text/csv"):
            raise Refusal(f"Accept {accept!r} is not supported", status=406)
        return self

    def parse(self, body: bytes) -> list[list[float]]:
        try:
            return [[float(cell) for cell in row.split(b",")] for row in body.split()]
        except ValueError as error:
            raise Refusal(str(error)) from None

    def predict(self, asked: list[list[float]]) -> list[float]:
        self.threads.append(threading.current_thread().name)
        self._before(asked)
        return [sum(row) for row in asked]

    def predict_all(self, asked: Sequence[list[list[float]]]) -> list[list[float]]:
        self.together.append(len(asked))
        return [self.predict(one) for one in asked]

    def write(self, answered: list[float]) -> bytes:
        return b"".join(b"%r\n" % one for one in answered)

    def rows(self, asked: list[list[float]]) -> int:
        return len(asked)

    def openapi(self) -> dict[str, object]:
        return {
            "requestBody": {"content": {"text/csv": {}}},
            "responses": {"200": {"description": "Sums.", "content": {"text/csv": {}}}},
        }


def load(folder: Path) -> Served:
    """``wait`` in the folder is a pipe: the model is there once somebody writes to it."""
    waiting = folder / "wait"
    if waiting.exists():
        waiting.read_bytes()
    return Adding()


if __name__ == "__main__":
    from modelwharf.serving.__main__ import main

    sys.exit(main(sys.argv[1:], lambda folder: partial(load, folder)))
