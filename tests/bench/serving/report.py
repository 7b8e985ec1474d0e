"""docs/serving-benchmark.md: the figures as tables, and how they were come by."""

import math
import operator
from collections.abc import Callable, Iterable, Sequence
from enum import Enum

from tests.bench.serving import figures, stacks
from tests.bench.serving.bodies import CSV, NPY, OURS
from tests.bench.serving.figures import (
    CONNECTIONS,
    MANY_CONNECTIONS,
    median,
    samples,
    typical,
)
from tests.bench.serving.models import LABELS, LAGS
from tests.bench.serving.results import Results, Sample

SHORT = {"hgb": "HGB", "rf": "forest", "ridge": "ridge"}
MARKS = {"hgb": 40, "rf": 100, "ridge": 15}  # times the best peer, one row
MIB_MARKS = {"hgb": 120, "rf": 200, "ridge": 120}
_LABELS = {stack.name: stack.label for stack in (stacks.OURS, stacks.CONSTANT, *stacks.PEERS)}


def document(results: Results) -> str:
    """The whole page."""
    parts = [
        introduction(results),
        "![Requests a second of every stack](serving-benchmark.svg)",
        "## One row, 16 connections\n\n" + comparison(results),
        "## Against the marks\n\n" + marks(results),
        "## Where a request's time goes\n\n" + _SPLIT + "\n\n" + split(results),
        "## Connections\n\n" + connections(results),
        "## Rows in a request\n\n" + sizes(results),
        "## Formats of the body\n\n" + formats(results),
        "## Workers\n\n" + workers(results),
        "## `/ping` beside load\n\n" + pings(results),
        "## The models without a server\n\n" + in_process(results),
        "## Right answers\n\n" + checks(results),
        "## Left out\n\n" + absent(results),
        _METHOD,
    ]
    return "\n\n".join(parts) + "\n"


def introduction(results: Results) -> str:
    """Where, when and how long."""
    machine = results.machine
    return _INTRODUCTION.format(
        lags=LAGS,
        share=figures.core_share(results),
        of_rounds="One round" if machine.rounds == 1 else f"Medians of {machine.rounds} rounds",
        **machine.model_dump(),
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Markdown; all columns but the first hold numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def number(value: float | None) -> str:
    """Three digits that count, or a dash for what was not measured."""
    if value is None or math.isnan(value):
        return "–"
    if abs(value) >= 100 or value == 0:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def label(stack: str) -> str:
    """What a stack is called in the tables."""
    return _LABELS.get(stack, stack)


def _rate_and_p99(found: Sequence[Sample]) -> str:
    if not found:
        return "–"
    return f"{number(typical(found, 'rate'))} / {number(typical(found, 'p99'))}"


def comparison(results: Results) -> str:
    """A line a stack."""
    tested = figures.models(results)
    first = tested[0]
    head = ["requests a second / p99 in ms", *(SHORT[model] for model in tested)]
    head += [f"1,000 rows, {SHORT[model]}" for model in tested]
    head += [
        f"{SHORT[first]}: cold start on two cores / on one, s",
        f"{SHORT[first]}: PSS, MiB",
    ]
    rows = []
    for stack in figures.stacks(results):
        one = [_rate_and_p99(figures.one_row(results, stack, model)) for model in tested]
        many = [
            number(typical(figures.many_rows(results, stack, model), "rate")) for model in tested
        ]
        cold = " / ".join(
            number(figures.cold(results, stack, first, cores)) for cores in (figures.CORES, 1)
        )
        rows.append([label(stack), *one, *many, cold, number(_pss(results, stack, first))])
    note = (
        f"The columns of 1,000 rows are requests a second at {MANY_CONNECTIONS} connections."
        f" Cold start and PSS are those of {SHORT[first]}."
    )
    return note + "\n\n" + table(head, rows)


def _pss(results: Results, stack: str, model: str) -> float:
    return figures.mib(results, stack, model, "pss")


class Bound(Enum):
    """On which side of its limit a figure is to be; the value is the sign."""

    AT_LEAST = "≥"
    AT_MOST = "≤"
    BELOW = "<"


_HOLDS: dict[Bound, Callable[[float, float], bool]] = {
    Bound.AT_LEAST: operator.ge,
    Bound.AT_MOST: operator.le,
    Bound.BELOW: operator.lt,
}


def against(bound: Bound, limit: float, value: float) -> tuple[str, str]:
    """The cells of a mark and of what was found: bold if it misses, a dash if not measured."""
    found = number(value)
    if not math.isnan(value) and not _HOLDS[bound](value, limit):
        found = f"**{found}**"
    return f"{bound.value} {limit:g}", found


def marks(results: Results) -> str:
    """What was to be reached, and what was."""
    rows: list[tuple[str, str, str]] = []
    for model in figures.models(results):
        name = SHORT[model]
        peer, rate = figures.best_peer(results, model)
        ours = figures.one_row(results, figures.OURS, model)
        rows += [
            (
                f"{name}: one row, times the best peer ({label(peer)}, {number(rate)}/s)",
                *against(Bound.AT_LEAST, MARKS[model], figures.vs_best_peer(results, model)),
            ),
            (
                f"{name}: of the same server answering a constant, the model's own time added",
                *against(Bound.AT_LEAST, 0.8, figures.vs_constant(results, model)),
            ),
            (f"{name}: p99, ms", *against(Bound.BELOW, 1, typical(ours, "p99"))),
            (
                f"{name}: 1,000 rows, times the best peer"
                f" ({label(figures.best_peer(results, model, 1_000)[0])})",
                *against(Bound.AT_LEAST, 2, figures.vs_best_peer(results, model, 1_000)),
            ),
            *(
                (
                    f"{name}: 1,000 rows as {form.name}, of the library's own rate in process",
                    *against(Bound.AT_LEAST, 0.8, figures.vs_library(results, model, form.name)),
                )
                for form in (CSV, NPY)
            ),
            (
                f"{name}: cold start, s",
                *against(Bound.AT_MOST, 0.3, figures.cold(results, figures.OURS, model)),
            ),
            (
                f"{name}: cold start on one core, s",
                "–",
                number(figures.cold(results, figures.OURS, model, cores=1)),
            ),
            (
                f"{name}: resident memory, MiB",
                *against(
                    Bound.AT_MOST,
                    MIB_MARKS[model],
                    figures.mib(results, figures.OURS, model, "rss"),
                ),
            ),
        ]
    own = [figures.worker_mib(results, model) for model in figures.models(results)]
    known = [value for value in own if not math.isnan(value)]
    most = max(known, default=math.nan)
    rows.append(("a worker's own memory, MiB", *against(Bound.AT_MOST, 25, most)))
    for found in results.pings:
        if found.stack == figures.OURS:
            limit = 20 if "1,000" in found.beside else 100
            cells = against(Bound.BELOW, limit, found.p99)
            rows.append((f"`/ping` p99 beside {found.beside}, ms", *cells))
    note = "A figure that misses its mark is in bold."
    return note + "\n\n" + table(["mark", "to reach", "found"], rows)


def split(results: Results) -> str:
    """HTTP, parse, model, write: microseconds of a one-row request."""
    rows = []
    for model in figures.models(results):
        ours = figures.one_row(results, figures.OURS, model)
        alone = figures.in_process(results, model, 1)
        if not ours or alone is None:
            continue
        cpu = typical(ours, "cpu")
        rest = cpu - alone.parse - alone.predict - alone.write
        logged = [entry for entry in results.logged if entry.model == model]
        said = " / ".join(
            number(median(getattr(entry, step) for entry in logged))
            for step in ("parse", "predict", "write")
        )
        rows.append(
            [
                SHORT[model],
                *map(number, (cpu, rest, alone.parse, alone.predict, alone.graph, alone.write)),
                said,
            ]
        )
    return table(
        [
            "µs",
            "all",
            "HTTP and log",
            "parse",
            "model",
            "of it the graph",
            "write",
            "the log's parse / model / write",
        ],
        rows,
    )


def _lines(found: Sequence[Sample], field: str) -> list[list[str]]:
    """A line for each value of a field, with rate, latencies and CPU."""
    values = sorted({getattr(sample, field) for sample in found})
    return [
        [
            f"{value:,}",
            *(
                number(typical([one for one in found if getattr(one, field) == value], column))
                for column in ("rate", "p50", "p99", "cpu")
            ),
        ]
        for value in values
    ]


_COLUMNS = ["requests a second", "p50, ms", "p99, ms", "CPU a request, µs"]


def connections(results: Results) -> str:
    """One row of CSV."""
    found = samples(results, stack="ours", model="hgb", format=CSV.name, rows=1, workers=1)
    return table(["connections", *_COLUMNS], _lines(found, "connections"))


def sizes(results: Results) -> str:
    """CSV; one row at 16 connections, more at two."""
    found = [
        sample
        for sample in samples(results, stack="ours", model="hgb", format=CSV.name, workers=1)
        if sample.round > 0 and (sample.rows > 1 or sample.connections == CONNECTIONS)
    ]
    lines = _lines(found, "rows")
    for line, size in zip(lines, sorted({sample.rows for sample in found}), strict=True):
        of_size = [sample for sample in found if sample.rows == size]
        line.insert(1, ", ".join(map(str, sorted({sample.connections for sample in of_size}))))
        line.append(number(typical(of_size, "rate") * size))
    return table(["rows", "connections", *_COLUMNS, "rows a second"], lines)


def formats(results: Results) -> str:
    """One row and a thousand in each."""
    rows = []
    for form in OURS:
        one = samples(
            results,
            stack="ours",
            model="hgb",
            format=form.name,
            rows=1,
            connections=CONNECTIONS,
            workers=1,
        )
        many = [
            sample
            for sample in samples(
                results, stack="ours", model="hgb", format=form.name, rows=1_000, workers=1
            )
            if sample.round > 0
        ]
        rows.append([f"{form.name} ({form.content_type})", _rate_and_p99(one), _rate_and_p99(many)])
    head = [
        "requests a second / p99 in ms",
        f"one row, {CONNECTIONS} connections",
        f"1,000 rows, {MANY_CONNECTIONS} connections",
    ]
    return table(head, rows)


def workers(results: Results) -> str:
    """One and two."""
    rows = []
    for count in (1, 2):
        found = samples(results, stack="ours", model="hgb", format=CSV.name, workers=count)
        one = [s for s in found if s.rows == 1 and s.connections == CONNECTIONS]
        many = [s for s in found if s.rows == 1_000 and s.round > 0]
        rows.append(
            [
                str(count),
                _rate_and_p99(one),
                _rate_and_p99(many),
                number(figures.mib(results, "ours", "hgb", "pss", count)),
                number(figures.worker_mib(results, "hgb")) if count == 2 else "–",
            ]
        )
    head = ["workers", "one row: a second / p99 ms", "1,000 rows", "PSS, MiB", "a worker's own"]
    note = (
        f"One row is asked at {CONNECTIONS} connections; 1,000 rows at {MANY_CONNECTIONS} with one"
        f" worker and at {2 * MANY_CONNECTIONS} with two. With two cores, the second worker shares"
        " its core with the load generator."
    )
    return table(head, rows) + "\n\n" + note


def pings(results: Results) -> str:
    """Each over a new connection, every 10 ms."""
    rows = [
        [
            f"{label(found.stack)}, {SHORT[found.model]}: {found.beside}",
            str(found.count),
            *map(number, (found.p50, found.p99, found.worst)),
            str(found.failed),
        ]
        for found in results.pings
    ]
    return table(["", "pings", "p50, ms", "p99, ms", "worst, ms", "not 200"], rows)


def in_process(results: Results) -> str:
    """Microseconds a call."""
    rows = [
        [
            f"{LABELS[found.model]}, {found.rows:,} rows",
            *map(number, (found.library, found.graph, found.library / found.graph)),
        ]
        for found in results.in_process
    ]
    return table(["µs a call", "scikit-learn", "the graph", "times"], rows)


def checks(results: Results) -> str:
    """How many answers are the trained model's own, bit for bit."""
    rows = [
        [
            f"{label(found.stack)}, {SHORT[found.model]}, {found.format}",
            f"{found.equal:,} of {found.asked:,}",
            f"{found.worst:.2g}",
        ]
        for found in results.checks
    ]
    return table(["", "equal to the last bit", "farthest, dollars"], rows)


def absent(results: Results) -> str:
    """Stacks without figures, and why."""
    if not results.absent:
        return "Nothing."
    return "\n".join(
        "- "
        + " with ".join(filter(None, (label(found.stack), SHORT.get(found.model))))
        + f": {found.reason}"
        for found in results.absent
    )


_INTRODUCTION = """\
# Serving benchmark

Written by `make bench-serving BENCH=--write`; the page says nothing that the program did not
measure. {date}, commit {commit}: {processor}, {cores} cores, Python {python}, load average
{load_before[0]:.1f} before and {load_after[0]:.1f} after (the bench itself makes about 2).
Our server had its core for {share:.0%} of the time; much less than 100% would mean that the
machine was busy with something else. {of_rounds}, each load {seconds} s after one
second that does not count.

Every stack serves the same three scikit-learn models of {lags} columns, trained on the spot; ours
the artifact that `export` made of them, the others the joblib file."""

_SPLIT = """\
CPU time of the server's process a request at 16 connections, and what of it the three steps cost
when they are called without a server: the rest is HTTP, the sockets and the access log. The last
column is what the access log itself says, in its whole microseconds."""

_METHOD = """\
## How it is measured

- One server at a time, pinned to one core; `wrk` on the other. In each round every stack has its
  turn before the next round begins. 512 different rows are asked in turn, so that no branch
  predictor and no cache learns the answer.
- Ours runs from the packages that the inference image pins, with its access log as it is by
  default, written to a file. The peers' access logs are off. Every stack has one worker and one
  thread for arithmetic.
- Each peer is asked in a format of its own documentation's examples; CSV where it reads CSV and
  that was seen to be faster. FastAPI is there twice: as its documentation writes a handler, and
  with CSV taken apart by hand in the event loop.
- "Ours, the model a constant" is the same server, which parses each body and writes each answer,
  around a model that has been replaced by one answer. The share of it that ours reaches:
  our rate ÷ (1 ÷ (1 ÷ the constant's rate + the graph's own time in process)). It can be above
  1: rows of several requests go through the graph together, so a request's share of the model is
  less than the graph's time for one row alone.
- Cold start: from exec to the first `/ping` answered 200, with warm disk caches and bytecode. On
  two cores, since there is no load yet: there ours begins with two workers, as it does wherever
  it has two cores. On one core, it is the start of the servers that get the load.
- Memory is that of a server after one row at 16 connections and 1,000 rows at 2. PSS counts shared
  pages once among those who share them; a worker's own memory is its private pages.
- `/ping` beside load: a new connection each time, every 10 ms, while four connections keep
  asking 1,000 rows; and while three bodies of 150,000 rows are answered one after the other.
  These are the same rows for both servers, as CSV for ours and as JSON for FastAPI, which is
  longer.
- A stack whose first answers are not those of the trained model is left out, by name.

## Again

    make bench-serving                       # about 20 minutes
    make bench-serving BENCH=--quick         # about 3: 2 s each, one round, fewer peers
    make bench-serving BENCH=--write         # and this page
    make bench-serving BENCH="--stacks ours constant fastapi --models hgb --only-compare"

It needs two cores and `wrk` (Debian: `apt-get install wrk`; as root it installs it itself). The
peers' environments are kept in `.bench/`, from the files of pinned packages in
`tests/bench/serving/requirements/`; `uv pip compile NAME.in --universal --python-version 3.11
--no-emit-index-url --no-header --no-annotate -o NAME.txt` there pins them anew. The last line of
the output is one JSON object for machines; where it has one number for all models, it is the
worst of them (`rss_mib`: of HGB and ridge, since the forest has a mark of its own). Everything
measured is in `.bench/serving.json`; `--again --write` reports it once more."""
