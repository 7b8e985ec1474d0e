"""Records of a bench that never ran."""

from typing import Any

from tests.bench.serving.results import InProcess, Machine, Results, Sample, Start

MACHINE = Machine(
    processor="a processor",
    cores=2,
    python="3.12.0",
    date="2026-01-01 00:00 UTC",
    commit="abc1234",
    load_before=(0.1, 0.2, 0.3),
    rounds=3,
    seconds=3,
)


def sample(stack: str, rate: float, **other: Any) -> Sample:
    """One row of CSV for HGB at 16 connections, unless told otherwise."""
    usual = {"model": "hgb", "round": 1, "format": "csv", "rows": 1, "connections": 16}
    latencies = {"p50": 0.3, "p99": 0.6, "worst": 2.0, "cpu": 25.0}
    return Sample(stack=stack, rate=rate, **(usual | latencies | other))


def start(stack: str, cold: float, **other: Any) -> Start:
    """With one worker, for HGB, on two cores."""
    return Start(stack=stack, cold=cold, **({"model": "hgb", "round": 1, "cores": 2} | other))


def alone(rows: int, library: float, graph: float) -> InProcess:
    """HGB without a server, in µs."""
    steps = {"parse": 2.0, "predict": graph + 0.5, "write": 0.5}
    return InProcess(model="hgb", rows=rows, library=library, graph=graph, **steps)


def results(*records: Any, **other: Any) -> Results:
    """All of these."""
    return Results(
        machine=MACHINE,
        samples=tuple(one for one in records if isinstance(one, Sample)),
        starts=tuple(one for one in records if isinstance(one, Start)),
        in_process=tuple(one for one in records if isinstance(one, InProcess)),
        **other,
    )
