"""The committed state machine takes the same road in two interpreters that share no code."""

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import zip_longest
from pathlib import Path

import pytest

from tests.second_interpreter.interpreters import ROOT, Interpreter, laptop, ministack
from tests.second_interpreter.journey import Journey
from tests.second_interpreter.roads import Road, roads, tasks

MACHINE = json.loads((ROOT / "statemachine" / "release.asl.json").read_text())
ROADS = roads(MACHINE)
AT_ONCE = 8  # roads; most of their time is waiting

Both = tuple[Future[Journey], Future[Journey]]


@pytest.fixture(scope="module")
def journeys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Both]]:
    """Every road's two journeys, on their way."""
    directory = Path(tmp_path_factory.mktemp("interpreters"))
    with (
        laptop(MACHINE, directory) as ours,
        ministack(MACHINE, directory) as theirs,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):

        def submit(interpreter: Interpreter, road: Road) -> Future[Journey]:
            return pool.submit(interpreter.run, road)

        yield {road.name: (submit(ours, road), submit(theirs, road)) for road in ROADS}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("road", ROADS, ids=lambda road: road.name)
def test_both_interpreters_take_the_same_road(road: Road, journeys: dict[str, Both]) -> None:
    ours, theirs = (future.result() for future in journeys[road.name])

    beside = _beside_a_failed_branch(road)
    for mine, other in zip_longest(ours.steps, theirs.steps):
        assert mine == other, f"calls here {_count(ours)}, there {_count(theirs)}"
    assert (ours.status, ours.error, ours.cause) == (theirs.status, theirs.error, theirs.cause)
    assert ours.output == theirs.output
    assert ours.without_calls(beside).calls == theirs.without_calls(beside).calls


def test_the_roads_lead_through_every_state_and_to_every_end(journeys: dict[str, Both]) -> None:
    found = [ours.result() for ours, _ in journeys.values()]

    entered = {name for one in found for what, name, _ in one.steps if what == "entered"}
    assert entered == MACHINE["States"].keys()
    called = {name for one in found for name in one.calls}
    assert called == {name for name, _, _ in tasks(MACHINE)}
    assert {one.status for one in found} == {"SUCCEEDED", "FAILED"}


def _count(journey: Journey) -> dict[str, int]:
    return {state: len(calls) for state, calls in journey.calls.items()}


def _beside_a_failed_branch(road: Road) -> set[str]:
    """The tasks of branches that are stopped because another one fails on this road."""
    beside: set[str] = set()
    for state in MACHINE["States"].values():
        branches = [{name for name, _, _ in tasks(one)} for one in state.get("Branches", [])]
        if any(branch & road.deeds.keys() for branch in branches):
            beside |= {
                name for branch in branches if not branch & road.deeds.keys() for name in branch
            }
    return beside
