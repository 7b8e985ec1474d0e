"""``python -m tests.fuzz N``: about N requests to servers of both kinds; see ``make fuzz``.

Each server is warmed up with the same kinds of requests before its memory is measured. At the
end it must have its workers, its memory, a log without faults and the right answer still.
"""

import argparse
import multiprocessing
import secrets
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz import lanes, slow
from tests.fuzz.artifacts import write_echo, write_forecaster
from tests.fuzz.described import described
from tests.fuzz.lanes import Lane, Tally
from tests.fuzz.target import ECHO, Question, Target, serving
from tests.fuzz.wire import Connection, request

CLIENTS = 2
WARM_UP = 0.2  # of the requests
LEAST_WARM_UP = 20_000  # of which a campaign takes its share
HEAVY_ROUNDS = 3
GROWTH = 1.05  # of the memory, at most
MIB = 1024 * 1024


@dataclass(frozen=True)
class Campaign:
    """A server and what is done to it; the shares are of all requests."""

    name: str
    write: Callable[[Path], None]
    workers: int
    shares: tuple[tuple[Lane, float], ...]
    question: Question
    heavy: bool = True


TABLE: tuple[tuple[Lane, float], ...] = (
    (lanes.tables, 0.2),
    (lanes.tables, 0.2),
    (lanes.answers, 0.03),
    (lanes.oddities, 0.015),
    (described, 0.005),
)
CAMPAIGNS = (
    Campaign("table, 1 worker", write_echo, 1, TABLE, ECHO),
    Campaign("table, 2 workers", write_echo, 2, TABLE, ECHO),
    Campaign(
        "forecast",
        write_forecaster,
        1,
        ((lanes.forecasts, 0.09), (lanes.oddities, 0.005), (described, 0.005)),
        Question("application/json", b'{"product":"wti","date":"2018-01-25"}', b""),
        heavy=False,
    ),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("requests", type=int, nargs="?", default=100_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    given = parser.parse_args()
    began = time.monotonic()
    total: Tally = Counter()
    lost = 0
    broken = 0
    memory: list[str] = []
    with ProcessPoolExecutor(CLIENTS, multiprocessing.get_context("spawn")) as clients:
        for number, campaign in enumerate(CAMPAIGNS):
            with tempfile.TemporaryDirectory() as folder:
                result = run(campaign, Path(folder), given.requests, given.seed + number, clients)
            total += result.tally
            lost += result.lost
            broken += len(result.broken)
            memory.append(
                f"{result.before / MIB:.1f} -> {result.after / MIB:.1f} MiB ({campaign.name})"
            )
            print(f"{campaign.name}: {result.tally.total()} answers, {memory[-1]}", flush=True)
            for one in result.broken:
                print(f"{campaign.name}: {one}", file=sys.stderr, flush=True)
    counts = ", ".join(f"{status}: {count}" for status, count in sorted(total.items()))
    print(
        f"{total.total()} answers ({counts}); workers lost: {lost}; memory {'; '.join(memory)}; "
        f"broken rules: {broken}; {time.monotonic() - began:.0f} s; seed {given.seed}"
    )
    return 1 if broken else 0


@dataclass
class Result:
    tally: Tally
    broken: list[str]
    lost: int = 0
    before: int = 0
    after: int = 0


def run(
    campaign: Campaign, base: Path, requests: int, seed: int, clients: ProcessPoolExecutor
) -> Result:
    """One server's life."""
    campaign.write(base)
    result = Result(Counter(), [])
    with serving(base, workers=campaign.workers) as target:
        question = campaign.question
        if not question.answer:
            question = _learnt(target, question)
        pids = target.pids()
        warm_up = Result(Counter(), [])
        _attack(
            campaign, target, max(requests * WARM_UP, LEAST_WARM_UP), seed + 100, clients, warm_up
        )
        # Malloc keeps more after each of the largest bodies, up to what several at once take.
        for _ in range(HEAVY_ROUNDS * campaign.workers if campaign.heavy else 0):
            _gather(clients.submit(lanes.heavies, target.port), warm_up)
        result.broken += warm_up.broken
        result.before = target.settled_memory()
        with ThreadPoolExecutor(1) as beside:
            dripping = beside.submit(slow.drip, target.port)
            _attack(campaign, target, requests, seed, clients, result)
            _gather(dripping, result)
        result.tally.pop(0, None)
        result.after = target.settled_memory()
        result.lost = len(pids - target.pids())
        result.broken += [f"the log says: {line}" for line in target.faults()]
        if result.lost:
            result.broken.append(f"{result.lost} processes are gone")
        if result.after > GROWTH * result.before:
            result.broken.append(f"memory grew from {result.before} to {result.after} bytes")
        try:
            target.check(question)
            target.logged()
        except Exception as error:
            result.broken.append(f"at the end: {error!r}")
    return result


def _learnt(target: Target, question: Question) -> Question:
    with Connection(target.port) as connection:
        answer = connection.ask(request(question.body, content_type=question.content_type))
    assert answer.status == 200, answer
    return Question(question.content_type, question.body, answer.body)


def _attack(
    campaign: Campaign,
    target: Target,
    requests: float,
    seed: int,
    clients: ProcessPoolExecutor,
    result: Result,
) -> None:
    jobs: list[Future[Tally]] = [
        clients.submit(lane, target.port, max(1, round(share * requests)), seed + 10 * number)
        for number, (lane, share) in enumerate(campaign.shares)
    ]
    if campaign.heavy:
        jobs.append(clients.submit(lanes.heavies, target.port))
    for job in jobs:
        _gather(job, result)


def _gather(job: Future[Tally], result: Result) -> None:
    try:
        result.tally += job.result()
    except Exception:
        result.broken.append(traceback.format_exc(limit=-1)[-6000:])


if __name__ == "__main__":
    sys.exit(main())
