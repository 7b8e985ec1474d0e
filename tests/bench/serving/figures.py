"""The arithmetic from records to the figures of the report."""

import math
import statistics
from collections.abc import Iterable, Sequence

from tests.bench.serving.results import InProcess, Results, Sample, Start

OURS = "ours"
CONSTANT = "constant"
CONNECTIONS = 16
MANY_CONNECTIONS = 2  # of requests with many rows
QUIET = 0.9
CORES = 2  # that a stack starts on
MIB_MODELS = ("hgb", "ridge")


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that this share of all of them is not above; NaN of none."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def median(values: Iterable[float]) -> float:
    """NaN of none."""
    found = list(values)
    return statistics.median(found) if found else math.nan


def samples(results: Results, **like: object) -> list[Sample]:
    """Those whose fields are as named."""
    return [
        sample
        for sample in results.samples
        if all(getattr(sample, name) == value for name, value in like.items())
    ]


def typical(found: Sequence[Sample], field: str) -> float:
    """The median over the rounds."""
    return median(getattr(sample, field) for sample in found)


def one_row(results: Results, stack: str, model: str) -> list[Sample]:
    """The samples that the marks speak of: CSV or the peer's own format, 16 connections."""
    form = {"format": "csv"} if stack in (OURS, CONSTANT) else {}
    like = {"rows": 1, "connections": CONNECTIONS, "workers": 1, **form}
    return samples(results, stack=stack, model=model, **like)


def many_rows(
    results: Results, stack: str, model: str, rows: int = 1_000, *, ours: str = "csv"
) -> list[Sample]:
    """The samples of large requests; ``ours`` is the format that we are asked in."""
    form = {"format": ours} if stack == OURS else {}
    like = {"rows": rows, "connections": MANY_CONNECTIONS, "workers": 1, **form}
    return samples(results, stack=stack, model=model, **like)


def stacks(results: Results) -> list[str]:
    """In the order in which they were measured."""
    return list(dict.fromkeys(sample.stack for sample in results.samples))


def peers(results: Results) -> list[str]:
    """Other people's servers."""
    return [stack for stack in stacks(results) if stack not in (OURS, CONSTANT)]


def models(results: Results) -> list[str]:
    """In the order in which they were measured."""
    return list(dict.fromkeys(sample.model for sample in results.samples))


def best_peer(results: Results, model: str, rows: int = 1) -> tuple[str, float]:
    """The peer with the highest typical rate, and that rate; ("", NaN) without peers."""
    ask = one_row if rows == 1 else many_rows
    rates = {peer: typical(ask(results, peer, model), "rate") for peer in peers(results)}
    rates = {peer: rate for peer, rate in rates.items() if not math.isnan(rate)}
    if not rates:
        return "", math.nan
    best = max(rates, key=lambda peer: rates[peer])
    return best, rates[best]


def vs_best_peer(results: Results, model: str, rows: int = 1) -> float:
    """How many times the best peer's rate ours is."""
    ask = one_row if rows == 1 else many_rows
    return typical(ask(results, OURS, model), "rate") / best_peer(results, model, rows)[1]


def in_process(results: Results, model: str, rows: int) -> InProcess | None:
    """The model without a server."""
    for record in results.in_process:
        if (record.model, record.rows) == (model, rows):
            return record
    return None


def vs_constant(results: Results, model: str) -> float:
    """Our rate in terms of what the same server would reach if the model cost only itself.

    That is: the server answering a constant, with the model's own time in process added to each
    request. 1 means that nothing but HTTP, parsing, writing and the model takes time.
    """
    alone = in_process(results, model, 1)
    constant = typical(one_row(results, CONSTANT, model), "rate")
    if alone is None or math.isnan(constant):
        return math.nan
    reachable = 1 / (1 / constant + alone.graph / 1e6)
    return typical(one_row(results, OURS, model), "rate") / reachable


def vs_library(results: Results, model: str, form: str) -> float:
    """Our rate of 1,000-row requests in terms of the library's own, called in process with an
    array that is there already.
    """
    alone = in_process(results, model, 1_000)
    if alone is None:
        return math.nan
    return typical(many_rows(results, OURS, model, ours=form), "rate") * alone.library / 1e6


def starts(results: Results, stack: str, model: str, workers: int = 1) -> list[Start]:
    """The starts of a stack."""
    return [
        start
        for start in results.starts
        if (start.stack, start.model, start.workers) == (stack, model, workers)
    ]


def cold(results: Results, stack: str, model: str, cores: int = CORES) -> float:
    """Seconds, typically, of starts on so many cores."""
    found = starts(results, stack, model)
    return median(start.cold for start in found if start.cores == cores)


def mib(results: Results, stack: str, model: str, field: str, workers: int = 1) -> float:
    """``rss`` or ``pss`` after load, typically."""
    found = (getattr(start, field) for start in starts(results, stack, model, workers))
    return median(value for value in found if value is not None)


def worker_mib(results: Results, model: str) -> float:
    """The private memory of the largest worker but the parent's, of a server with two."""
    return median(
        max(start.private[1:]) for start in starts(results, OURS, model, 2) if start.private[1:]
    )


def core_share(results: Results) -> float:
    """How much of its core our server had under one-row load, typically; 1 on a quiet machine.

    wrk asks again at once, so that whatever is missing went to other programs.
    """
    return median(
        sample.rate * sample.cpu / 1e6
        for model in models(results)
        for sample in one_row(results, OURS, model)
    )


def summary(results: Results) -> dict[str, object]:
    """The bench's last line. Where it has one number for all models, it is the worst of them."""
    tested = models(results)
    return {
        "vs_best_peer": {model: _short(vs_best_peer(results, model)) for model in tested},
        "vs_constant": _worst(min, (vs_constant(results, model) for model in tested)),
        "p99_ms": _worst(max, (typical(one_row(results, OURS, model), "p99") for model in tested)),
        "cold_s": _worst(max, (cold(results, OURS, model) for model in tested)),
        "rss_mib": _worst(
            max, (mib(results, OURS, model, "rss") for model in tested if model in MIB_MODELS)
        ),
    }


def _worst(choose, values: Iterable[float]) -> float | None:  # type: ignore[no-untyped-def]
    known = [value for value in values if not math.isnan(value)]
    return _short(choose(known)) if known else None


def _short(value: float) -> float | None:
    return None if math.isnan(value) else float(f"{value:.4g}")
