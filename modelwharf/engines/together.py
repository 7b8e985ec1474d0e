"""Run the programs of one job, one on each of its hosts: they start and end together."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from queue import Empty, SimpleQueue
from threading import Event, Thread

from modelwharf.engines.engine import Program

POLL = 0.2  # seconds between two checks whether the job should stop
FAILED_GRACE = 10.0  # seconds between SIGTERM and SIGKILL when another host failed


class Ending(Enum):
    """Why a job's programs ended."""

    EXITED = "exited"
    STOPPED = "stopped"
    OUT_OF_TIME = "out of time"


@dataclass(frozen=True)
class Exit:
    """How the program of one host ended."""

    code: int
    killed_for: str | None = None
    """Why the engine itself ended it, such as a lack of memory."""
    left_out: tuple[str, ...] = ()
    """Files in ``/opt/ml`` that could not be kept, in words."""


@dataclass(frozen=True)
class Together:
    """How the programs of a job ended; ``exits`` are in the order of the hosts."""

    ending: Ending
    exits: tuple[Exit, ...]
    failed: int | None = None
    """The number, from 0, of the host whose program failed first; None: none failed by itself."""


def run_together(
    starts: Sequence[Callable[[], Program]],
    *,
    stopping: Event,
    seconds: float,
    grace: float,
) -> Together:
    """Start every host's program, and wait until all have ended.

    The programs are stopped when ``stopping`` is set, or after ``seconds``: all at once, with
    SIGTERM and after ``grace`` seconds SIGKILL. When one program fails, the others are stopped.
    Raises what a start or a program raises; no program is left running then.
    """
    programs: list[Program] = []
    try:
        for start in starts:
            programs.append(start())
        return _watch(programs, stopping, time.monotonic() + seconds, grace)
    except BaseException:
        _stop(programs, FAILED_GRACE)
        raise


def _watch(programs: Sequence[Program], stopping: Event, deadline: float, grace: float) -> Together:
    running = set(range(len(programs)))
    ended = _ends(programs)
    while running:
        try:
            number = ended.get(timeout=POLL)
        except Empty:
            asked, late = stopping.is_set(), time.monotonic() > deadline
            if not asked and not late:
                continue
            exits = _stopped(programs, running, grace)
            return Together(Ending.STOPPED if asked else Ending.OUT_OF_TIME, exits)
        code = programs[number].wait()  # raises if its engine was lost
        running.remove(number)
        if code:
            return Together(Ending.EXITED, _stopped(programs, running, FAILED_GRACE), number)
    return Together(Ending.EXITED, _stopped(programs, running, grace))


def _ends(programs: Sequence[Program]) -> "SimpleQueue[int]":
    """Return a queue of program numbers, filled as each ends or loses its engine."""
    ended: SimpleQueue[int] = SimpleQueue()

    def wait(number: int) -> None:
        with suppress(Exception):  # the reader of the number calls wait again
            programs[number].wait()
        ended.put(number)

    for number in range(len(programs)):
        Thread(target=wait, args=(number,), daemon=True).start()
    return ended


def _stopped(programs: Sequence[Program], running: set[int], grace: float) -> tuple[Exit, ...]:
    """Stop those that still run, and return how all ended."""
    with ThreadPoolExecutor(max(1, len(running))) as pool:
        codes = dict(
            zip(running, pool.map(lambda n: programs[n].stop(grace), running), strict=True)
        )
    return tuple(
        Exit(codes[number], None, program.left_out)
        if number in codes
        else Exit(program.wait() or 0, program.killed_for, program.left_out)
        for number, program in enumerate(programs)
    )


def _stop(programs: Sequence[Program], grace: float) -> None:
    """Stop all after another error; that error is the one to report."""

    def stop(program: Program) -> None:
        with suppress(Exception):
            program.stop(grace)

    with ThreadPoolExecutor(max(1, len(programs))) as pool:
        list(pool.map(stop, programs))
