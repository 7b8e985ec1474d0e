"""``python -m tests.bench.serving``: see ``--help`` and docs/serving-benchmark.md."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from threadpoolctl import threadpool_limits

from tests.bench.serving import (
    artifacts,
    ending,
    figures,
    load,
    measure,
    models,
    plot,
    report,
    stacks,
)
from tests.bench.serving.peers import ROOT
from tests.bench.serving.results import Machine, Results

CACHE = ROOT / ".bench"
KEPT = CACHE / "serving.json"
DOCS = ROOT / "docs"
DETAILED = "hgb"


def arguments(given: Sequence[str]) -> argparse.Namespace:
    """What is typed after ``BENCH=``."""
    parser = argparse.ArgumentParser(prog="make bench-serving BENCH=…", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="1 round of 2 s, 3 of the peers")
    parser.add_argument("--write", action="store_true", help="write the report into docs/")
    parser.add_argument("--again", action="store_true", help="measure nothing: report once more")
    parser.add_argument("--rounds", type=int, help="default 3")
    parser.add_argument("--seconds", type=int, help="of each load; default 3")
    names = [stack.name for stack in (stacks.OURS, stacks.CONSTANT, *stacks.PEERS)]
    parser.add_argument("--stacks", nargs="+", choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--models", nargs="+", choices=models.NAMES, default=models.NAMES)
    parser.add_argument(
        "--sigterm",
        type=float,
        metavar="SECONDS",
        help="only this: load for so long, SIGTERM in its middle; what was taken must be answered",
    )
    parser.add_argument("--only-compare", action="store_true", help="no sizes, formats, pings")
    return parser.parse_args(given)


class Progress:
    """Says on standard error what goes on, with the time since the start."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    def __call__(self, what: str) -> None:
        passed = int(time.monotonic() - self._begun)
        print(f"{passed // 60:3d}:{passed % 60:02d}  {what}", file=sys.stderr, flush=True)


def main(given: Sequence[str]) -> int:
    asked = arguments(given)
    try:
        if asked.sigterm:
            return sigterm(asked)
        results = Results.model_validate_json(KEPT.read_text()) if asked.again else run(asked)
    except load.NoLoadGenerator as error:
        print(f"bench-serving: {error}", file=sys.stderr)
        return 1
    KEPT.write_text(results.model_dump_json(indent=1))
    if asked.write:
        (DOCS / "serving-benchmark.md").write_text(report.document(results))
        plot.draw(results, DOCS / "serving-benchmark.svg")
    share = figures.core_share(results)
    if share < figures.QUIET:
        print(
            f"bench-serving: our server had its core for {share:.0%} of the time only: this machine"
            " was busy with something else, and the figures are those of a busy machine",
            file=sys.stderr,
        )
    print(report.comparison(results), report.marks(results), sep="\n\n")
    print(json.dumps(figures.summary(results)))
    return int(any(found.stack == stacks.OURS.name for found in results.absent))


def sigterm(asked: argparse.Namespace) -> int:
    """End our server under load, each model with one worker and with two; 1 if it is wrong."""
    bench, trained = prepared(asked, Progress(), seconds=0)
    bench.install([stacks.OURS])
    os.sched_setaffinity(0, {bench.load_core})
    found = {}
    for model in trained:
        for workers in (1, 2):
            one = ending.measure(bench, model, workers, asked.sigterm)
            for lost in one.lost[:10]:
                bench.say(f"LOST: {lost}")
            found[f"{model.name}, workers: {workers}"] = one
            bench.say(f"{model.name}, workers: {workers}: {one}")
    print(json.dumps({name: one.summary() for name, one in found.items()}))
    return int(not all(one.good for one in found.values()))


def run(asked: argparse.Namespace) -> Results:
    """Measure everything that is asked for."""
    say = Progress()
    load.have_wrk()
    rounds = asked.rounds or (1 if asked.quick else 3)
    seconds = asked.seconds or (2 if asked.quick else 3)
    machine = describe(rounds, seconds)
    say(f"{machine.processor}, {machine.cores} cores, load {machine.load_before}")
    bench, trained = prepared(asked, say, seconds=seconds)
    chosen = asked.stacks or [
        stack.name
        for stack in (stacks.OURS, stacks.CONSTANT, *stacks.PEERS)
        if not asked.quick or stack.name in ("ours", "constant", *stacks.QUICK)
    ]
    every = (stacks.OURS, stacks.CONSTANT, *stacks.PEERS)
    up = bench.install([stack for stack in every if stack.name in chosen])
    # The bench itself, whose threads ping and wait, keeps off the first server's core.
    os.sched_setaffinity(0, {bench.load_core})
    for model in trained:
        if stacks.OURS in up:
            measure.ours(bench, model, measure.alone)
        for stack in up:
            if stack is stacks.OURS or model is trained[0]:
                measure.start(bench, stack, model)
    for turn in range(1, rounds + 1):
        say(f"round {turn} of {rounds}")
        for model in trained:
            for stack in up:
                measure.compare(bench, stack, model, turn)
            if stacks.OURS in up and model.name == DETAILED and not asked.only_compare:
                measure.ours(bench, model, partial(measure.vary, turn=turn))
    if not asked.only_compare:
        for stack in up:
            if stack.name in ("ours", "fastapi"):
                measure.ping(bench, stack, trained[0])
    return Results(
        machine=machine.model_copy(update={"load_after": os.getloadavg()}),
        samples=tuple(bench.samples),
        starts=tuple(bench.starts),
        pings=tuple(bench.pings),
        in_process=tuple(bench.in_process),
        logged=tuple(bench.logged),
        checks=tuple(bench.checks),
        absent=tuple(bench.absent),
    )


def prepared(
    asked: argparse.Namespace, say: Progress, *, seconds: int
) -> tuple[measure.Bench, list[models.Model]]:
    """The models, trained and written, and the bench for them."""
    # Threads of OpenMP wait for each other in a loop: on a busy core that takes most of the time.
    threadpool_limits(1)
    server_cores, load_core = cores()
    scratch = CACHE / "run"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    (CACHE / ".gitignore").write_text("# What make bench-serving installs and writes.\n*\n")
    say("training " + ", ".join(asked.models))
    trained, rows = models.train(scratch / "models", tuple(asked.models))
    for model in trained:
        say(f"{model.name}: {artifacts.write(model, rows)}")
    bench = measure.Bench(
        cache=CACHE,
        run=scratch,
        server_cores=server_cores,
        load_core=load_core,
        rows=rows,
        seconds=seconds,
        say=say,
    )
    return bench, trained


def cores() -> tuple[tuple[int, int], int]:
    """Two cores for servers, the first of them alone for one worker, and one for the load."""
    mine = sorted(os.sched_getaffinity(0))
    if len(mine) < 2:
        sys.exit("bench-serving: needs two cores: one for the server, one for the load")
    # With two cores, two workers share the second with the load.
    return (mine[0], mine[1]), mine[-1]


def describe(rounds: int, seconds: int) -> Machine:
    """This machine now."""
    processor = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        os.uname().machine,
    )
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True
    ).stdout.strip()
    return Machine(
        processor=processor,
        cores=len(os.sched_getaffinity(0)),
        python=sys.version.split()[0],
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        commit=commit,
        load_before=os.getloadavg(),
        rounds=rounds,
        seconds=seconds,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
