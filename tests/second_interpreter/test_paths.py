"""The committed state machine takes the same path in two interpreters that share no code."""

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import zip_longest
from pathlib import Path

import pytest

from tests.second_interpreter.interpreters import ROOT, Interpreter, laptop, ministack
from tests.second_interpreter.journey import Journey
from tests.second_interpreter.paths import MachinePath, machine_paths, tasks

MACHINE = json.loads((ROOT / "statemachine" / "release.asl.json").read_text())
PATHS = machine_paths(MACHINE)
AT_ONCE = 8  # paths; most of their time is waiting

Both = tuple[Future[Journey], Future[Journey]]


@pytest.fixture(scope="module")
def journeys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Both]]:
    """Every path's two journeys, on their way."""
    directory = Path(tmp_path_factory.mktemp("interpreters"))
    with (
        laptop(MACHINE, directory) as ours,
        ministack(MACHINE, directory) as theirs,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):

        def submit(interpreter: Interpreter, case: MachinePath) -> Future[Journey]:
            return pool.submit(interpreter.run, case)

        yield {case.name: (submit(ours, case), submit(theirs, case)) for case in PATHS}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("case", PATHS, ids=lambda case: case.name)
def test_both_interpreters_take_the_same_path(case: MachinePath, journeys: dict[str, Both]) -> None:
    ours, theirs = (future.result() for future in journeys[case.name])

    stopped = _in_a_stopped_branch(case)
    for mine, other in zip_longest(ours.steps, theirs.steps):
        assert mine == other, f"calls here {_count(ours)}, there {_count(theirs)}"
    assert (ours.status, ours.error, ours.cause) == (theirs.status, theirs.error, theirs.cause)
    assert ours.output == theirs.output
    assert ours.without_calls(stopped).calls == theirs.without_calls(stopped).calls


def test_the_paths_lead_through_every_state_and_to_every_end(journeys: dict[str, Both]) -> None:
    found = [ours.result() for ours, _ in journeys.values()]

    entered = {name for one in found for what, name, _ in one.steps if what == "entered"}
    assert entered == MACHINE["States"].keys()
    called = {name for one in found for name in one.calls}
    assert called == {name for name, _, _ in tasks(MACHINE)}
    assert {one.status for one in found} == {"SUCCEEDED", "FAILED"}


def _count(journey: Journey) -> dict[str, int]:
    return {state: len(calls) for state, calls in journey.calls.items()}


def _in_a_stopped_branch(case: MachinePath) -> set[str]:
    """The tasks of branches that are stopped because another one fails on this path."""
    stopped: set[str] = set()
    for state in MACHINE["States"].values():
        branches = [{name for name, _, _ in tasks(one)} for one in state.get("Branches", [])]
        if any(branch & case.deeds.keys() for branch in branches):
            stopped |= {
                name for branch in branches if not branch & case.deeds.keys() for name in branch
            }
    return stopped
