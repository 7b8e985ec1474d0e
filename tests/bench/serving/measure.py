"""The measurements: which stack is asked what, and what is kept of it."""

import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from tests.bench.serving import access_log, bodies, load
from tests.bench.serving.bodies import Format
from tests.bench.serving.figures import CONNECTIONS, MANY_CONNECTIONS, median, quantile
from tests.bench.serving.models import Model, Rows
from tests.bench.serving.peers import ROOT, NotInstalled, environment
from tests.bench.serving.results import (
    Absent,
    Check,
    InProcess,
    Logged,
    Pings,
    Sample,
    Start,
)
from tests.bench.serving.servers import NotReady, Server, free_port, serving
from tests.bench.serving.stacks import CONSTANT, HOST, ONE_THREAD, OURS, Stack, environ

MANY = 1_000  # rows of a large request
OTHER_CONNECTIONS = (1, 64, 256)
OTHER_SIZES = (10, 100, 10_000)
COLD_STARTS = 5
HUGE = 150_000  # rows; 18 MB as CSV
HUGE_TIMES = 3
PING_EVERY = 0.01  # seconds
CALM_SECONDS = 3  # of /ping beside load
IN_PROCESS_SECONDS = 1.0


@dataclass
class Bench:
    """What all measurements share, and what they have found so far.

    ``cores``: the servers', of which one worker gets the first, and the load's.
    """

    cache: Path
    run: Path
    server_cores: tuple[int, ...]
    load_core: int
    rows: Rows
    seconds: int
    say: Callable[[str], None]
    samples: list[Sample] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    pings: list[Pings] = field(default_factory=list)
    in_process: list[InProcess] = field(default_factory=list)
    logged: list[Logged] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    absent: list[Absent] = field(default_factory=list)
    programs: dict[str, Path] = field(default_factory=dict)
    answers: dict[str, dict[bytes, float]] = field(default_factory=dict)

    def install(self, stacks: Sequence[Stack]) -> list[Stack]:
        """The stacks whose packages are there; the others are noted as absent."""
        there = []
        for stack in stacks:
            try:
                if stack.environment not in self.programs:
                    self.programs[stack.environment] = environment(
                        stack.environment, self.cache, self.say
                    )
            except NotInstalled as error:
                if not stack.peer:
                    raise
                self.leave_out(stack, "", f"cannot be installed: {error}")
            else:
                there.append(stack)
        return there

    def leave_out(self, stack: Stack, model: str, reason: str) -> None:
        """Note, aloud, that something is not measured."""
        self.say(f"LEFT OUT: {stack.name} {model}: {reason}")
        self.absent.append(Absent(stack=stack.name, model=model, reason=reason))

    @contextmanager
    def up(
        self,
        stack: Stack,
        model: Model,
        turn: int,
        *,
        workers: int = 1,
        cores: int | None = None,
        weigh: bool = False,
    ) -> Iterator[Server]:
        """Start a stack and keep the record of its start. It has a core for each worker, unless
        it is to have more. ``weigh``: its memory after the load, which is the same for all
        compared stacks. Raises NotReady.
        """
        port = free_port()
        programs = self.programs[stack.environment]
        command = stack.command(programs, model, port, self.run)
        log = self.run / f"{stack.name}.log"
        variables = {**environ(stack, programs, model, port, self.run), **command.environment}
        weighed: list[tuple[int, float, float, float]] = []
        with serving(
            command.arguments,
            variables,
            command.folder,
            port=port,
            ping=stack.ping,
            cores=self.server_cores[: cores or workers],
            log=log,
        ) as server:
            yield server
            if weigh:
                first = server.process.pid
                memory = sorted(server.memory(), key=lambda one: (one.pid != first, one.pid))
                weighed = [(one.pid, one.rss, one.pss, one.private) for one in memory]
        self.starts.append(
            Start(
                stack=stack.name,
                model=model.name,
                round=turn,
                workers=workers,
                cores=cores or workers,
                cold=server.cold,
                rss=sum(one[1] for one in weighed) if weighed else None,
                pss=sum(one[2] for one in weighed) if weighed else None,
                private=tuple(one[3] for one in weighed),
                orphans=server.orphans,
            )
        )

    def right(self, model: Model, rows: Rows) -> list[float]:
        """What the trained model answers to each of these rows alone."""
        known = self.answers.setdefault(model.name, {})
        for row in rows:
            if row.tobytes() not in known:
                known[row.tobytes()] = float(model.estimator.predict(row[None])[0])
        return [known[row.tobytes()] for row in rows]

    def load(
        self,
        stack: Stack,
        server: Server,
        model: Model,
        turn: int,
        *,
        rows: int,
        connections: int,
        workers: int = 1,
        form: Format | None = None,
    ) -> Sample:
        """One run of wrk, kept."""
        form = form or stack.format
        client = load.Client(self.load_core, self.run)
        asked = [form.write(batch) for batch in bodies.batches(self.rows, rows)]
        url = f"http://{HOST}:{server.port}{stack.path}"
        client.ask(url, asked, form, connections=connections, seconds=load.WARM_SECONDS)
        before = server.cpu()
        seen = client.ask(url, asked, form, connections=connections, seconds=self.seconds)
        used = server.cpu() - before
        sample = Sample(
            stack=stack.name,
            model=model.name,
            round=turn,
            workers=workers,
            format=form.name,
            rows=rows,
            connections=connections,
            rate=seen.rate,
            p50=seen.p50,
            p99=seen.p99,
            worst=seen.worst,
            cpu=used / max(1, seen.requests) * 1e6,
            failed=seen.failed,
            broken=seen.broken,
        )
        self.samples.append(sample)
        self.say(
            f"{stack.name} {model.name}: {rows} rows as {form.name}, {connections} connections,"
            f" {workers} workers: {sample.rate:,.0f}/s, p99 {sample.p99:.2f} ms,"
            f" {sample.cpu:.1f} µs of CPU" + (f", {sample.failed} FAILED" if sample.failed else "")
        )
        return sample


def compare(bench: Bench, stack: Stack, model: Model, turn: int) -> None:
    """A stack's part of a round: one row at 16 connections, and 1,000 rows."""
    try:
        with bench.up(stack, model, turn, weigh=True) as server:
            if turn == 1:
                check(bench, stack, model, server, stack.format)
            bench.load(stack, server, model, turn, rows=1, connections=CONNECTIONS)
            if stack is OURS:
                bench.logged.extend(access_log.split(server.log, model.name))
                many = {"rows": MANY, "connections": MANY_CONNECTIONS}
                bench.load(stack, server, model, turn, **many, form=bodies.NPY)
            if stack is not CONSTANT:
                bench.load(stack, server, model, turn, rows=MANY, connections=MANY_CONNECTIONS)
    except (NotReady, WrongAnswers) as error:
        bench.leave_out(stack, model.name, str(error))


class WrongAnswers(Exception):
    """A stack does not answer as the trained model does."""


def check(
    bench: Bench, stack: Stack, model: Model, server: Server, form: Format, count: int = 512
) -> None:
    """Ask rows one by one and compare. Raises WrongAnswers."""
    rows = bench.rows[np.linspace(0, len(bench.rows) - 1, count).astype(int)]
    if stack is CONSTANT:
        return
    if stack.peer:
        rows = rows[:16]
    right = bench.right(model, rows)
    answers = load.ask(server.port, stack.path, [form.write(row[None]) for row in rows], form)
    for status, body in answers:
        if status != 200:
            raise WrongAnswers(f"status {status}: {body[:200].decode(errors='replace')}")
    given = [form.read(body)[0] for _, body in answers]
    far = max(abs(one - other) for one, other in zip(given, right, strict=True))
    equal = sum(one == other for one, other in zip(given, right, strict=True))
    bench.checks.append(
        Check(
            stack=stack.name,
            model=model.name,
            format=form.name,
            asked=len(rows),
            equal=equal,
            worst=far,
        )
    )
    if not far < 1e-6:
        raise WrongAnswers(f"answers are up to {far:g} dollars from the model's")


def ours(bench: Bench, model: Model, what: Callable[[Bench, Model], None]) -> None:
    """Measure something of our own server; a model that it cannot serve is left out, aloud."""
    try:
        what(bench, model)
    except (NotReady, WrongAnswers, subprocess.CalledProcessError) as error:
        bench.leave_out(OURS, model.name, str(error))


def vary(bench: Bench, model: Model, turn: int) -> None:
    """Our server's part of a round beyond the comparison."""
    with bench.up(OURS, model, turn) as server:
        for connections in OTHER_CONNECTIONS:
            bench.load(OURS, server, model, turn, rows=1, connections=connections)
        for rows in OTHER_SIZES:
            bench.load(OURS, server, model, turn, rows=rows, connections=MANY_CONNECTIONS)
        for form in bodies.OURS[1:]:
            if turn == 1:
                check(bench, OURS, model, server, form)
            for rows, connections in ((1, CONNECTIONS), (MANY, MANY_CONNECTIONS)):
                bench.load(OURS, server, model, turn, rows=rows, connections=connections, form=form)
    with bench.up(OURS, model, turn, workers=2, weigh=True) as server:
        for rows, connections in ((1, CONNECTIONS), (MANY, 2 * MANY_CONNECTIONS)):
            bench.load(OURS, server, model, turn, rows=rows, connections=connections, workers=2)


def start(bench: Bench, stack: Stack, model: Model) -> None:
    """Starts of a stack that gets only pings and has all cores: no other program runs."""
    try:
        for _ in range(COLD_STARTS):
            with bench.up(stack, model, 0, cores=len(bench.server_cores)):
                pass
    except NotReady as error:
        bench.leave_out(stack, model.name, str(error))


def ping(bench: Bench, stack: Stack, model: Model) -> None:
    """Pings while 1,000-row requests saturate the stack, and behind bodies of 18 MB."""
    try:
        with bench.up(stack, model, 0) as server:
            pinger = load.Pinger(server.port, stack.ping, every=PING_EVERY)
            pinger.start()
            bench.load(stack, server, model, 0, rows=MANY, connections=4)
            _keep(bench, stack, model, "1,000-row requests, 4 connections", pinger)
            huge = stack.format.write(np.resize(bench.rows, (HUGE, bench.rows.shape[1])))
            pinger = load.Pinger(server.port, stack.ping, every=PING_EVERY)
            pinger.start()
            answers = load.ask(server.port, stack.path, [huge] * HUGE_TIMES, stack.format)
            _keep(bench, stack, model, f"bodies of {len(huge) / 1e6:.0f} MB", pinger)
            refused = [status for status, _ in answers if status != 200]
            if refused:
                bench.leave_out(stack, model.name, f"answers {refused} to {len(huge)} bytes")
    except NotReady as error:
        bench.leave_out(stack, model.name, str(error))


def _keep(bench: Bench, stack: Stack, model: Model, beside: str, pinger: load.Pinger) -> None:
    pinger.end()
    kept = Pings(
        stack=stack.name,
        model=model.name,
        beside=beside,
        count=len(pinger.latencies),
        p50=median(pinger.latencies),
        p99=quantile(pinger.latencies, 0.99),
        worst=max(pinger.latencies, default=math.nan),
        failed=pinger.failed,
    )
    bench.pings.append(kept)
    bench.say(
        f"{stack.name} {model.name}: /ping beside {beside}: p50 {kept.p50:.1f},"
        f" p99 {kept.p99:.1f}, worst {kept.worst:.1f} ms of {kept.count}"
    )


def alone(bench: Bench, model: Model, seconds: float = IN_PROCESS_SECONDS) -> None:
    """The model without a server, on the servers' core."""
    rows = bench.run / "rows.npy"
    np.save(rows, bench.rows)
    pinned = ["taskset", "--cpu-list", str(bench.server_cores[0])]
    words = [str(model.base), str(rows), str(seconds)]
    ran = subprocess.run(
        [*pinned, sys.executable, "-m", "tests.bench.serving.in_process", *words],
        cwd=ROOT,
        env={**os.environ, **ONE_THREAD},
        check=True,
        stdout=subprocess.PIPE,
    )
    found = TypeAdapter(list[InProcess]).validate_json(ran.stdout)
    bench.in_process.extend(found)
    for one in found:
        bench.say(
            f"{model.name} in process, {one.rows} rows: library {one.library:.1f} µs, graph"
            f" {one.graph:.1f} µs; parse {one.parse:.1f}, predict {one.predict:.1f},"
            f" write {one.write:.1f}"
        )
