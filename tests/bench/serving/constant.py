"""Our server with a model that gives the same stored answer to every row.

``python -m tests.bench.serving.constant`` is ``python -m modelwharf.serving serve`` in
everything else: it parses each body, writes each answer, and keeps the access log.
"""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from modelwharf.serving.__main__ import main
from modelwharf.serving.kinds import TABLE
from modelwharf.serving.served import Exchange, Served


class Constant:
    """An exchange that gives every row the same answer."""

    def __init__(self, exchange: Exchange[Any, Any], answer: Any) -> None:
        self.content_type = exchange.content_type
        self.parse = exchange.parse
        self.write = exchange.write
        self.rows = exchange.rows
        self._answer = answer

    def predict(self, asked: Any) -> Any:
        return self._answer

    def predict_all(self, asked: Sequence[Any]) -> list[Any]:
        return [self._answer] * len(asked)


class ConstantModel:
    """A model that predicted one row of its holdout and repeats that answer."""

    def __init__(self, served: Served, row: bytes) -> None:
        self.description = f"a constant for {served.description}"
        self._served = served
        self._row = row

    def exchange(self, content_type: str, accept: str) -> Constant:
        """Raises Refusal as the model does."""
        known = self._served.exchange("text/csv", "text/csv")
        answer = known.predict(known.parse(self._row))
        return Constant(self._served.exchange(content_type, accept), answer)

    def openapi(self) -> dict[str, object]:
        """The model's own."""
        return self._served.openapi()


def constant(folder: Path) -> ConstantModel:
    """Raises ModelBroken."""
    with np.load(folder / "holdout.npz") as holdout:
        row = holdout["inputs"][0].tolist()
    return ConstantModel(TABLE.load(folder), ",".join(map(repr, row)).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main(["serve"], lambda folder: partial(constant, folder)))
