"""``python -m tests.fuzz.refusals N``: N rows at least, of which the server refuses whatever the
library refuses.

Random pipelines are exported and loaded as the server loads them; rows with gaps, infinities and
large numbers are asked of the library and of the server. The server may refuse more only where a
number is infinite or large. Where both answer a row without such numbers, they answer alike.
"""

import argparse
import secrets
import sys
import tempfile
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from modelwharf import export
from modelwharf.artifact.table import MODEL_FILES
from modelwharf.serving.refusal import Refusal
from modelwharf.serving.table.fallback import ALLOW_PICKLE
from modelwharf.serving.table.loading import load_table
from tests.fuzz.pipelines import Pipelines, Rows

ROWS = 400  # of each pipeline
TOGETHER = 5  # rows of a question, in some of them
SIZES = (1e9, 1e20, 3e38, 4e38, 1e149, 1e151, 1e300)
LARGE = 1e8  # beyond it two correct programs differ: a neighbour's distance is of the others' size
ALIKE = 1e-6  # relative: the export compares more narrowly
KEPT = 10


@dataclass
class Refusals:
    """``broken``: what the server answered though the library refuses it, or otherwise than it."""

    rows: int = 0
    refused: int = 0
    stricter: int = 0
    pipelines: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        made = ", ".join(f"{count} {kind}" for kind, count in sorted(self.pipelines.items()))
        return (
            f"{self.rows} rows of {self.pipelines.total()} pipelines ({made}): the library refuses "
            f"{self.refused}, the server {self.stricter} large ones more; broken rules: "
            f"{len(self.broken)}"
        )


def refusals(count: int, seed: int, each: int = ROWS) -> Refusals:
    """``count`` rows at least, ``each`` of a pipeline."""
    found = Refusals()
    random = np.random.default_rng(seed)
    pipelines = Pipelines(random)
    while found.rows < count:
        model, rows = pipelines.trained()
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _one(model, rows, Path(folder), random, each, found)
    return found


def _one(
    model: Any, rows: Rows, folder: Path, random: np.random.Generator, each: int, found: Refusals
) -> None:
    names = [f"x{number}" for number in range(rows.shape[1])]
    try:
        report = export.write(
            model, folder, inputs=rows, columns=names, fallback="pickle", most_rows=1_000
        )
    except export.ExportError as error:
        found.pipelines[f"not exported: {error.reason[:60]}"] += 1
        return
    found.pipelines[report.runtime] += 1
    table = load_table(folder, {ALLOW_PICKLE: MODEL_FILES["pickle"]})
    exchange = table.exchange("text/csv", "application/json")
    labels = np.array(table.contract.labels)
    for _ in range(each):
        asked = _asked(rows, random)
        found.rows += len(asked)
        theirs = _answer(lambda rows: model.predict(rows), asked)
        body = "".join(f"{','.join(map(repr, row))}\n" for row in asked.tolist()).encode()
        ours: np.ndarray | Refusal
        try:
            ours = exchange.predict(exchange.parse(body)).values
        except Refusal as refusal:
            ours = refusal
        found.refused += theirs is None
        large = bool((np.abs(asked) > LARGE).any())
        if isinstance(ours, Refusal):
            found.stricter += theirs is not None
            wrong = theirs is not None and not large
        elif theirs is None:
            wrong = True
        elif large:
            wrong = False
        elif len(labels):
            wrong = not np.array_equal(labels[ours], theirs)
        else:
            scale = ALIKE * (1 + np.abs(theirs))
            wrong = not np.allclose(ours, theirs, rtol=0, atol=scale.max(), equal_nan=True)
        if wrong:
            found.broken.append(
                f"{model!r}\n  takes_missing={table.contract.takes_missing} {report.runtime}\n  "
                f"asked {asked.tolist()}: the library {theirs}, the server {ours!r}"
            )


def _answer(predict: Any, rows: Rows) -> Any:
    """The library's, or None for a refusal, whatever it raises."""
    try:
        with np.errstate(all="ignore"):
            return np.asarray(predict(rows))
    except Exception:
        return None


def _asked(rows: Rows, random: np.random.Generator) -> Rows:
    """A row mostly, at times several, with gaps, infinities or large numbers in some columns."""
    count = TOGETHER if random.random() < 0.1 else 1
    known = np.where(np.isnan(rows), 0.5, rows)
    asked = known[random.integers(len(rows), size=count)]
    here = random.random(asked.shape) < random.choice([0.0, 0.2, 0.5, 1.0])
    kind = random.random()
    if kind < 0.7:
        asked[here] = np.nan
    elif kind < 0.85:
        asked[here] = random.choice([np.inf, -np.inf, np.nan], size=int(here.sum()))
    else:
        asked[here] = random.choice(SIZES) * random.choice([-1, 1], size=int(here.sum()))
    return asked


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.refusals", description=__doc__)
    parser.add_argument("rows", type=int, nargs="?", default=100_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    given = parser.parse_args()
    began = time.monotonic()
    found = refusals(given.rows, given.seed)
    for one in found.broken[:KEPT]:
        print(one, file=sys.stderr)
    print(f"{found}; {time.monotonic() - began:.0f} s; seed {given.seed}")
    return 1 if found.broken else 0


if __name__ == "__main__":
    sys.exit(main())
