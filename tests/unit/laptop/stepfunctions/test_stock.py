"""What moto's interpreter does as it is shipped: a failure here says that upstream has moved.

Each gap is closed in ``laptop/stepfunctions``; the tests beside this one hold ours to AWS.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from modelwharf.laptop.overrides import as_shipped
from modelwharf.laptop.stepfunctions import clients
from tests.unit.laptop.stepfunctions.world import Inbox, World, serving, wait_for

PASS = {"Done": {"Type": "Pass", "End": True}}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A cloud as shipped, but that functions are called at its own address, and scripted."""
    with serving(Path(tmp_path_factory.mktemp("cloud"))) as world, as_shipped():
        world.functions.install()
        clients.install(world.cloud)
        yield world


def test_stock_names_an_unnamed_execution_none(world: World) -> None:
    assert world.start(world.machine(PASS)).endswith(":None")


def test_stock_accepts_a_transition_to_nowhere(world: World) -> None:
    assert world.machine({"A": {"Type": "Pass", "Next": "Gone"}})


def test_stock_takes_the_second_answer_to_a_task_in_silence(world: World) -> None:
    first, second = Inbox(), Inbox()
    states = {
        "Wait": wait_for(world.function(first), Next="Again"),
        "Again": wait_for(world.function(second)),
    }
    execution = world.start(world.machine(states), name="twice")
    token = first.token()
    world.states.send_task_success(taskToken=token, output="1")
    other = second.token()
    world.states.send_task_success(taskToken=token, output="2")
    world.states.send_task_success(taskToken=other, output="3")
    world.end_of(execution)


def test_stock_drops_the_cause_of_a_failure(world: World) -> None:
    inbox = Inbox()
    execution = world.start(world.machine({"Wait": wait_for(world.function(inbox))}), name="cause")
    world.states.send_task_failure(taskToken=inbox.token(), error="BuildFailed", cause="line 3")
    assert "cause" not in world.end_of(execution)


def test_stock_drops_error_and_cause_of_a_stop(world: World) -> None:
    inbox = Inbox()
    states = {"Wait": wait_for(world.function(inbox), TimeoutSeconds=1)}
    execution = world.start(world.machine(states), name="stop")
    inbox.take()
    world.states.stop_execution(executionArn=execution, error="Superseded", cause="a newer push")
    described = world.end_of(execution)
    assert described.get("error") != "Superseded"


def test_stock_keeps_one_token_through_all_tries(world: World) -> None:
    inbox = Inbox()
    retry = [{"ErrorEquals": ["Throttled"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    execution = world.start(
        world.machine({"Wait": wait_for(world.function(inbox), Retry=retry)}), name="tries"
    )
    first = inbox.token()
    world.states.send_task_failure(taskToken=first, error="Throttled")
    assert inbox.token() == first
    assert world.end_of(execution)["error"] == "Throttled"


def test_stock_reads_a_history_from_its_beginning_only(world: World) -> None:
    execution = world.start(world.machine(PASS), name="history")
    world.end_of(execution)
    answer = world.states.get_execution_history(
        executionArn=execution, maxResults=1, reverseOrder=True
    )
    assert len(answer["events"]) > 1


def test_stock_announces_nothing(world: World) -> None:
    execution = world.start(world.machine(PASS), name="silent")
    world.end_of(execution)
    assert world.statuses(execution) == []
