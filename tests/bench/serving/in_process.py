"""The model without a server: ``python -m tests.bench.serving.in_process BASE ROWS.npy SECONDS``.

Prints a list of InProcess records as JSON. It is a program of its own so that it can be pinned to
the core that the servers get.
"""

import itertools
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import onnxruntime

from modelwharf.serving import kinds
from tests.bench.serving import bodies
from tests.bench.serving.models import Rows

ROUNDS = 5


def per_call(call: Callable[[Any], object], questions: Sequence[Any], seconds: float) -> float:
    """Microseconds a call: the median of ROUNDS, through different questions in turn."""
    calls = 1
    while (once := _timed(call, questions, calls)) < seconds / ROUNDS / 4:
        calls *= 2
    calls = max(1, round(calls * seconds / ROUNDS / once))
    return statistics.median(_timed(call, questions, calls) / calls for _ in range(ROUNDS)) * 1e6


def _timed(call: Callable[[Any], object], questions: Sequence[Any], calls: int) -> float:
    begun = time.perf_counter()
    for question in itertools.islice(itertools.cycle(questions), calls):
        call(question)
    return time.perf_counter() - begun


def graph(base: Path) -> Callable[[Rows], object]:
    """The ONNX graph, on one thread, as ONNX Runtime alone runs it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    path = base / "model" / "model.onnx"
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda rows: session.run(None, {name: rows})


def measured(base: Path, rows: Rows, size: int, seconds: float) -> dict[str, object]:
    """One InProcess record."""
    questions = [np.ascontiguousarray(batch) for batch in bodies.batches(rows, size)]
    library = joblib.load(base / "model.joblib")
    exchange = kinds.TABLE.load(base / "model").exchange("text/csv", "text/csv")
    written = [bodies.CSV.write(batch) for batch in questions]
    asked = [exchange.parse(body) for body in written]
    answered = [exchange.predict(question) for question in asked]
    return {
        "model": base.name,
        "rows": size,
        "library": per_call(library.predict, questions, seconds),
        "graph": per_call(graph(base), questions, seconds),
        "parse": per_call(exchange.parse, written, seconds),
        "predict": per_call(exchange.predict, asked, seconds),
        "write": per_call(exchange.write, answered, seconds),
    }


def main(arguments: Sequence[str]) -> None:
    base, rows, seconds = Path(arguments[0]), np.load(arguments[1]), float(arguments[2])
    print(json.dumps([measured(base, rows, size, seconds) for size in (1, 1_000)]))


if __name__ == "__main__":
    main(sys.argv[1:])
