"""``python -m tests.fuzz N``: N answers at least from servers of both kinds; see ``make fuzz``.

Each server runs with what its image sets, and is warmed up with requests of all kinds, the
largest bodies among them, before its memory is measured. At the end it must have its workers,
its memory, a log without faults and the right answer still. What is found is told at once, and
the rest goes on.
"""

import argparse
import math
import multiprocessing
import secrets
import statistics
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz import lanes, slow
from tests.fuzz.artifacts import write_echo, write_forecaster
from tests.fuzz.described import described
from tests.fuzz.found import Found
from tests.fuzz.lanes import Lane
from tests.fuzz.target import ECHO, Question, Target, serving
from tests.fuzz.wire import Connection, request

CLIENTS = 2
WARM_UP = 0.2  # of the requests
LEAST_WARM_UP = 9_000  # requests to each server
HEAVY_ROUNDS = 6  # for each worker; so many until its memory grows no more
MEASURED = 3  # times before and after, an odd number
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
    ),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("requests", type=int, nargs="?", default=100_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    given = parser.parse_args()
    began = time.monotonic()
    total = Found()
    lost = 0
    memory: list[str] = []
    with ProcessPoolExecutor(CLIENTS, multiprocessing.get_context("spawn")) as clients:
        for number, campaign in enumerate(CAMPAIGNS):
            with tempfile.TemporaryDirectory() as folder:
                result = run(campaign, Path(folder), given.requests, given.seed + number, clients)
            total.add(result.found)
            lost += result.lost
            grown = result.after / result.before - 1
            memory.append(
                f"{result.before / MIB:.1f} -> {result.after / MIB:.1f} MiB, {grown:+.1%} "
                f"({campaign.name})"
            )
            print(
                f"{campaign.name}: {result.found.answers.total()} answers, {memory[-1]}", flush=True
            )
    counts = ", ".join(f"{status}: {count}" for status, count in sorted(total.answers.items()))
    answers = total.answers.total()
    print(
        f"{answers} answers ({counts}); workers lost: {lost}; memory {'; '.join(memory)}; "
        f"broken rules: {total.broken}; {time.monotonic() - began:.0f} s; seed {given.seed}"
    )
    return 1 if total.broken or answers < given.requests else 0


@dataclass
class Result:
    """Of one server. ``before`` and ``after``: bytes of memory."""

    campaign: str
    found: Found = field(default_factory=Found)
    lost: int = 0
    before: int = 0
    after: int = 0

    def add(self, found: Found, lane: str) -> None:
        """Tells what was broken, too."""
        self.found.add(found)
        for one in found.told:
            print(f"{self.campaign}, {lane}: {one}", file=sys.stderr, flush=True)
        if more := found.broken - len(found.told):
            print(f"{self.campaign}, {lane}: and {more} more", file=sys.stderr, flush=True)

    def break_rule(self, what: str) -> None:
        self.add(Found(told=[what], broken=1), "server")


def run(
    campaign: Campaign, base: Path, requests: int, seed: int, clients: ProcessPoolExecutor
) -> Result:
    """One server's life."""
    campaign.write(base)
    result = Result(campaign.name)
    with serving(base, workers=campaign.workers) as target:
        question = campaign.question
        if not question.answer:
            question = _learnt(target, question)
        pids = target.pids()
        warm_up = Result(f"{campaign.name}, warm-up")
        least = LEAST_WARM_UP / sum(share for _, share in campaign.shares)
        _attack(campaign, target, max(requests * WARM_UP, least), seed + 100, clients, warm_up)
        for _ in range(HEAVY_ROUNDS * campaign.workers):
            _heavies(target, clients, warm_up)
        result.before = _memory(target, clients, warm_up)
        result.found.broken += warm_up.found.broken
        _attack(campaign, target, requests, seed, clients, result)
        result.after = _memory(target, clients, result)
        result.lost = len(pids - target.pids())
        for line in target.faults():
            result.break_rule(f"the log says: {line}")
        if result.lost:
            result.break_rule(f"{result.lost} processes are gone")
        if result.after > GROWTH * result.before:
            result.break_rule(f"memory grew from {result.before} to {result.after} bytes")
        try:
            target.check(question)
            target.logged()
        except Exception as error:
            result.break_rule(f"at the end: {error!r}")
    return result


def _memory(target: Target, clients: ProcessPoolExecutor, result: Result) -> int:
    """Bytes after the largest bodies: in how many pieces these leave the memory that malloc has is
    chance, and goes up and down by some 3%, hence the median of several times.
    """
    found = []
    for _ in range(MEASURED):
        _heavies(target, clients, result)
        found.append(target.settled_memory())
    return round(statistics.median(found))


def _heavies(target: Target, clients: ProcessPoolExecutor, result: Result) -> None:
    at_once = [clients.submit(lanes.heavies, target.port) for _ in range(CLIENTS)]
    _gather(dict.fromkeys(at_once, "heavies"), result)


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
    jobs: dict[Future[Found], str] = {
        clients.submit(
            lane, target.port, math.ceil(share * requests), seed + 10 * number
        ): lane.__name__
        for number, (lane, share) in enumerate(campaign.shares)
    }
    jobs[clients.submit(lanes.heavies, target.port)] = "heavies"
    with ThreadPoolExecutor(1) as beside:
        jobs[beside.submit(slow.drip, target.port)] = "slow"
        _gather(jobs, result)


def _gather(jobs: dict[Future[Found], str], result: Result) -> None:
    for job in as_completed(jobs):
        try:
            result.add(job.result(), jobs[job])
        except Exception:
            broken = traceback.format_exc(limit=-1)[-6000:]
            result.add(Found(told=[broken], broken=1), jobs[job])


if __name__ == "__main__":
    sys.exit(main())
