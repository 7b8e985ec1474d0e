"""The programs of one job end together, however the first of them ends."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import pytest

from modelwharf.engines.engine import EngineLost, Program
from modelwharf.engines.together import Ending, Exit, run_together
from tests.unit.doctor import fakes

TERMINATED = 143


@dataclass
class Played(fakes.Program):
    """A program that remembers that it was told to stop."""

    term: Event = field(default_factory=Event)

    def stop(self, grace: float) -> int:
        self.term.set()
        return super().stop(grace)


def started(*programs: Played) -> list[Callable[[], Program]]:
    return [lambda program=program: program for program in programs]  # type: ignore[misc]


def run(*programs: Played, stopping: Event | None = None, seconds: float = 60) -> Any:
    return run_together(started(*programs), stopping=stopping or Event(), seconds=seconds, grace=60)


def ended(code: int) -> Played:
    program = Played()
    program.end(code)
    return program


def heeding() -> Played:
    """Runs until it is told to stop."""
    program = Played()
    program.on_stop = lambda grace: program.end(TERMINATED)
    return program


def test_a_job_has_ended_when_all_its_programs_have() -> None:
    second = Played()

    class First(Played):
        def wait(self, timeout: float | None = None) -> int:
            second.end(0)
            return 0

    first = First()
    first.end(0)
    found = run(first, second)
    assert (found.ending, found.failed) == (Ending.EXITED, None)
    assert found.exits == (Exit(0), Exit(0))


def test_a_program_that_fails_takes_the_others_with_it() -> None:
    others = [heeding(), heeding()]
    found = run(others[0], ended(1), others[1])
    assert (found.ending, found.failed) == (Ending.EXITED, 1)
    assert [end.code for end in found.exits] == [TERMINATED, 1, TERMINATED]


def test_why_the_engine_killed_a_program_is_told_of_that_program() -> None:
    killed = ended(137)
    killed.killed_for, killed.left_out = "out of memory", ("model/away is a link",)
    found = run(heeding(), killed)
    assert found.exits[1] == Exit(137, "out of memory", ("model/away is a link",))
    assert found.exits[0] == Exit(TERMINATED)


def after(other: Played, program: Played) -> Callable[[float], None]:
    """Ends the program once the other was told to stop as well."""

    def stop(grace: float) -> None:
        if other.term.wait(10):
            program.end(0)

    return stop


def test_all_are_stopped_at_once() -> None:
    """One after the other, the second would get no signal before the first has ended."""
    first, second = Played(), Played()
    first.on_stop = after(second, first)
    second.on_stop = after(first, second)
    stopping = Event()
    stopping.set()
    begun = time.monotonic()
    found = run(first, second, stopping=stopping)
    assert time.monotonic() - begun < 10
    assert (found.ending, found.failed) == (Ending.STOPPED, None)


def test_their_time_is_over_for_all() -> None:
    found = run(heeding(), heeding(), seconds=0)
    assert found.ending is Ending.OUT_OF_TIME
    assert [end.code for end in found.exits] == [TERMINATED, TERMINATED]


def test_a_program_that_cannot_start_leaves_none_running() -> None:
    first = heeding()

    def refuse() -> Program:
        raise OSError("no such program")

    with pytest.raises(OSError, match="no such program"):
        run_together([*started(first), refuse], stopping=Event(), seconds=60, grace=60)
    assert first.term.is_set()


def test_a_lost_engine_is_reported_and_the_others_are_stopped() -> None:
    lost, other = Played(), heeding()

    def fail(timeout: float | None = None) -> int | None:
        raise EngineLost("it stopped answering")

    lost.wait = fail  # type: ignore[method-assign]
    with pytest.raises(EngineLost, match="stopped answering"):
        run(other, lost)
    assert other.term.is_set()
