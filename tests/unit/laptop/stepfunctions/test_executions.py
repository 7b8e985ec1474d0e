"""An execution starts once under its name, ends once, and every end can be read."""

import json
import threading
from datetime import datetime

import pytest
from botocore.exceptions import ClientError

from tests.unit.laptop.stepfunctions.world import (
    FunctionError,
    Gate,
    Inbox,
    World,
    call,
    error_of,
    wait_for,
)
from tests.waiting import HUNG, until

PASS = {"Done": {"Type": "Pass", "End": True}}


def test_an_execution_without_a_name_gets_one(world: World) -> None:
    """Stock moto names it None."""
    machine = world.machine(PASS)
    first, second = world.start(machine), world.start(machine)
    assert first != second
    assert not first.endswith("None")


@pytest.mark.parametrize("text", ["", "{"])
def test_an_input_that_is_not_json_is_refused(world: World, text: str) -> None:
    with pytest.raises(ClientError) as failure:
        world.states.start_execution(stateMachineArn=world.machine(PASS), input=text)
    assert error_of(failure) == "InvalidExecutionInput"


def test_a_running_execution_is_found_again_by_name_and_input(world: World) -> None:
    machine = world.machine({"Wait": wait_for(world.function(Inbox()))})
    first = world.start(machine, {"commit": "a"}, name="r-1")
    assert world.start(machine, {"commit": "a"}, name="r-1") == first
    world.states.stop_execution(executionArn=first)


def test_a_name_with_another_input_is_taken(world: World) -> None:
    machine = world.machine({"Wait": wait_for(world.function(Inbox()))})
    execution = world.start(machine, {"commit": "a"}, name="r-1")
    with pytest.raises(ClientError) as failure:
        world.start(machine, {"commit": "b"}, name="r-1")
    assert error_of(failure) == "ExecutionAlreadyExists"
    world.states.stop_execution(executionArn=execution)


def test_the_name_of_an_ended_execution_stays_taken(world: World) -> None:
    machine = world.machine(PASS)
    world.end_of(world.start(machine, {"commit": "a"}, name="r-1"))
    with pytest.raises(ClientError) as failure:
        world.start(machine, {"commit": "a"}, name="r-1")
    assert error_of(failure) == "ExecutionAlreadyExists"


def test_many_starts_at_once_under_one_name_are_one_execution(world: World) -> None:
    inbox = Inbox()
    machine = world.machine({"Wait": wait_for(world.function(inbox))})
    started: list[str] = []
    threads = [
        threading.Thread(target=lambda: started.append(world.start(machine, name="r-1")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    listed = world.states.list_executions(stateMachineArn=machine)["executions"]
    assert len(started) == 8
    assert len(listed) == 1
    world.states.stop_execution(executionArn=started[0])


def test_a_name_that_aws_refuses_is_refused(world: World) -> None:
    with pytest.raises(ClientError) as failure:
        world.start(world.machine(PASS), name="no spaces")
    assert error_of(failure) == "InvalidName"


def test_a_described_success_has_input_output_and_dates(world: World) -> None:
    described = world.run(PASS, {"a": 1})
    assert described["status"] == "SUCCEEDED"
    assert json.loads(described["input"]) == json.loads(described["output"]) == {"a": 1}
    assert described["startDate"] <= described["stopDate"]
    assert "error" not in described


def test_a_described_failure_has_error_cause_and_no_output(world: World) -> None:
    states = {"No": {"Type": "Fail", "Error": "Refused", "Cause": "because"}}
    described = world.run(states)
    assert (described["status"], described["error"], described["cause"]) == (
        "FAILED",
        "Refused",
        "because",
    )
    assert "output" not in described


def test_a_fail_state_takes_error_and_cause_from_the_document(world: World) -> None:
    states = {
        "No": {"Type": "Fail", "ErrorPath": "$.failure.Error", "CausePath": "$.failure.Cause"}
    }
    described = world.run(states, {"failure": {"Error": "TrainingFailed", "Cause": "exit 1"}})
    assert (described["error"], described["cause"]) == ("TrainingFailed", "exit 1")


def test_the_start_time_in_an_output_is_text(world: World) -> None:
    """Stock moto keeps a datetime there, which JSON cannot hold."""
    states = {
        "Keep": {"Type": "Pass", "Parameters": {"at.$": "$$.Execution.StartTime"}, "End": True}
    }
    described = world.run(states)
    began = json.loads(described["output"])["at"]
    assert began.endswith("Z")
    assert datetime.fromisoformat(began) == described["startDate"]


def test_a_stopped_execution_keeps_error_and_cause(world: World) -> None:
    inbox = Inbox()
    execution = world.start(world.machine({"Wait": wait_for(world.function(inbox))}))
    inbox.take()
    world.states.stop_execution(executionArn=execution, error="Superseded", cause="a newer push")
    described = world.states.describe_execution(executionArn=execution)
    assert described["status"] == "ABORTED"
    assert (described["error"], described["cause"]) == ("Superseded", "a newer push")
    assert described["stopDate"] >= described["startDate"]


def test_a_stop_ends_an_execution_whose_function_is_still_at_work(world: World) -> None:
    gate = Gate()
    execution = world.start(world.machine({"Work": call(world.function(gate))}))
    assert gate.entered.wait(HUNG)
    world.states.stop_execution(executionArn=execution)
    assert world.states.describe_execution(executionArn=execution)["status"] == "ABORTED"
    gate.open()
    until(lambda: gate.answered.is_set())
    assert world.history(execution)[-1]["type"] == "ExecutionAborted"
    assert world.end_of(execution)["status"] == "ABORTED"


def test_a_stop_ends_an_execution_that_waits_for_its_next_try(world: World) -> None:
    tries = Inbox()

    def fail(event: dict[str, object]) -> None:
        tries(event)
        raise FunctionError("Throttled", "slow down")

    retry = [{"ErrorEquals": ["Throttled"], "IntervalSeconds": 3600, "MaxAttempts": 1}]
    execution = world.start(world.machine({"Work": call(world.function(fail), Retry=retry)}))
    tries.take()
    until(lambda: any(event["type"] == "TaskFailed" for event in world.history(execution)))
    world.states.stop_execution(executionArn=execution)
    assert world.end_of(execution)["status"] == "ABORTED"


def test_stopping_what_has_ended_changes_nothing(world: World) -> None:
    execution = world.start(world.machine(PASS))
    ended = world.end_of(execution)
    stopped = world.states.stop_execution(executionArn=execution, error="Late", cause="too late")
    assert stopped["stopDate"] == ended["stopDate"]
    assert world.states.describe_execution(executionArn=execution)["status"] == "SUCCEEDED"


def test_each_start_and_end_is_an_event(world: World) -> None:
    fail = {"No": {"Type": "Fail", "Error": "Refused", "Cause": "because"}}
    failed = world.start(world.machine(fail), {"a": 1})
    world.end_of(failed)
    until(lambda: len(world.statuses(failed)) == 2)
    assert world.statuses(failed) == ["RUNNING", "FAILED"]
    last = [event for event in world.events if event["executionArn"] == failed][-1]
    assert (last["source"], last["detail-type"]) == (
        "aws.states",
        "Step Functions Execution Status Change",
    )
    assert (last["error"], last["cause"], last["output"]) == ("Refused", "because", None)
    assert json.loads(last["input"]) == {"a": 1}
    assert last["stopDate"] >= last["startDate"] > 1_500_000_000_000  # ms since the epoch


def test_a_success_event_holds_the_output(world: World) -> None:
    execution = world.start(world.machine(PASS), {"a": 1})
    until(lambda: "SUCCEEDED" in world.statuses(execution))
    last = [event for event in world.events if event["executionArn"] == execution][-1]
    assert json.loads(last["output"]) == {"a": 1}


def test_a_stop_is_one_event(world: World) -> None:
    inbox = Inbox()
    execution = world.start(world.machine({"Wait": wait_for(world.function(inbox))}))
    inbox.take()
    world.states.stop_execution(executionArn=execution)
    assert world.statuses(execution) == ["RUNNING", "ABORTED"]


def test_executions_are_listed_newest_first_page_by_page_and_by_status(world: World) -> None:
    inbox = Inbox()
    states = {
        "Which": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.wait", "BooleanEquals": True, "Next": "Wait"}],
            "Default": "Done",
        },
        "Wait": wait_for(world.function(inbox)),
        "Done": {"Type": "Succeed"},
    }
    machine = world.machine(states)
    for name in ("one", "two", "three"):
        world.end_of(world.start(machine, {"wait": False}, name=name))
    running = world.start(machine, {"wait": True}, name="four")
    pages = world.states.get_paginator("list_executions").paginate(
        stateMachineArn=machine, PaginationConfig={"PageSize": 2}
    )
    names = [item["name"] for page in pages for item in page["executions"]]
    assert names == ["four", "three", "two", "one"]
    listed = world.states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")
    assert [item["name"] for item in listed["executions"]] == ["four"]
    assert "stopDate" not in listed["executions"][0]
    world.states.stop_execution(executionArn=running)


def test_a_timed_out_execution_has_its_stop_date_in_the_list(world: World) -> None:
    """Stock moto leaves it out."""
    definition = {
        "StartAt": "Wait",
        "TimeoutSeconds": 1,
        "States": {"Wait": wait_for(world.function(Inbox()))},
    }
    machine = world.machine(json.dumps(definition))
    assert world.end_of(world.start(machine))["status"] == "TIMED_OUT"
    (item,) = world.states.list_executions(stateMachineArn=machine)["executions"]
    assert item["stopDate"] > item["startDate"]


def test_the_history_is_complete_in_order_and_paged(world: World) -> None:
    states = {
        "First": call(world.function(lambda event: event), OutputPath="$.Payload", Next="Second"),
        "Second": {"Type": "Pass", "End": True},
    }
    execution = world.start(world.machine(states), {"a": 1})
    world.end_of(execution)
    events = world.history(execution)
    assert [event["type"] for event in events] == [
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSucceeded",
        "TaskStateExited",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    assert [event["id"] for event in events] == list(range(1, 10))
    first = world.states.get_execution_history(executionArn=execution, maxResults=4)
    rest = world.states.get_execution_history(executionArn=execution, nextToken=first["nextToken"])
    assert first["events"] + rest["events"] == events
    assert "nextToken" not in rest


def test_the_history_can_be_read_from_its_end(world: World) -> None:
    """Stock moto gives the beginning, whatever is asked for."""
    execution = world.start(world.machine(PASS))
    world.end_of(execution)
    latest = world.states.get_execution_history(
        executionArn=execution, maxResults=1, reverseOrder=True
    )
    assert [event["type"] for event in latest["events"]] == ["ExecutionSucceeded"]


def test_a_page_token_of_no_page_is_refused(world: World) -> None:
    execution = world.start(world.machine(PASS))
    with pytest.raises(ClientError) as failure:
        world.states.get_execution_history(executionArn=execution, nextToken="no page")
    assert error_of(failure) == "InvalidToken"
