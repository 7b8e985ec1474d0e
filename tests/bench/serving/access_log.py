"""What our server's access log says of where a request's time went."""

import json
import statistics
from collections.abc import Iterable
from pathlib import Path

from tests.bench.serving.results import Logged

STEPS = ("parse", "predict", "write")
# The log cuts microseconds off; on average half a one is lost.
CUT = 0.5


def split(log: Path, model: str) -> list[Logged]:
    """One record of the log's well answered one-row requests; none when it has no such lines."""
    lines = list(_answered(log.read_text(errors="replace").splitlines()))
    if not lines:
        return []
    typical = {
        step: statistics.fmean(_middle([line[f"{step}_us"] for line in lines])) + CUT
        for step in STEPS
    }
    return [Logged(model=model, lines=len(lines), **typical)]


def _answered(lines: Iterable[str]) -> Iterable[dict[str, int]]:
    for line in lines:
        if line.startswith('{"time"'):
            entry = json.loads(line)
            if entry["status"] == 200 and entry["rows"] == 1:
                yield entry


def _middle(values: list[int]) -> list[int]:
    """Without the highest and the lowest tenth: a busy machine interrupts some requests."""
    ordered = sorted(values)
    cut = len(ordered) // 10
    return ordered[cut : len(ordered) - cut]
