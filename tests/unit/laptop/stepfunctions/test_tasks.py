"""A task acts as its role, answers once, fails under AWS's names, and ends when it should."""

import json
import math
import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.core.exceptions import AWSError

from tests.unit.laptop.stepfunctions.world import (
    FunctionError,
    Inbox,
    World,
    call,
    error_of,
    wait_for,
)
from tests.waiting import HUNG, patience

CAUGHT = {"Caught": {"Type": "Pass", "End": True}}


def catching(*errors: str) -> dict[str, Any]:
    return {"Catch": [{"ErrorEquals": list(errors), "Next": "Caught", "ResultPath": "$.failure"}]}


def failing(kind: str | None, message: str = "no") -> Any:
    def fail(event: Any) -> None:
        raise FunctionError(kind, message)

    return fail


def test_a_waiting_task_gets_the_output_that_was_sent(world: World) -> None:
    inbox = Inbox()
    execution = world.start(world.machine({"Wait": wait_for(world.function(inbox))}))
    world.states.send_task_success(taskToken=inbox.token(), output='{"image": "i"}')
    assert json.loads(world.end_of(execution)["output"]) == {"image": "i"}


def test_a_sent_failure_keeps_error_and_cause(world: World) -> None:
    """Stock moto drops the cause."""
    inbox = Inbox()
    execution = world.start(world.machine({"Wait": wait_for(world.function(inbox))}))
    world.states.send_task_failure(taskToken=inbox.token(), error="BuildFailed", cause="line 3")
    described = world.end_of(execution)
    assert (described["error"], described["cause"]) == ("BuildFailed", "line 3")


def test_a_token_is_good_for_one_answer(world: World) -> None:
    """Stock moto accepts the second without an error."""
    first, second = Inbox(), Inbox()
    states = {
        "Wait": wait_for(world.function(first), Next="Again"),
        "Again": wait_for(world.function(second)),
    }
    execution = world.start(world.machine(states))
    token = first.token()
    world.states.send_task_success(taskToken=token, output="1")
    with pytest.raises(ClientError) as success:
        world.states.send_task_success(taskToken=token, output="2")
    with pytest.raises(ClientError) as failure:
        world.states.send_task_failure(taskToken=token, error="No")
    with pytest.raises(ClientError) as heartbeat:
        world.states.send_task_heartbeat(taskToken=token)
    assert {error_of(success), error_of(failure), error_of(heartbeat)} == {"TaskTimedOut"}
    world.states.send_task_success(taskToken=second.token(), output="3")
    assert world.end_of(execution)["output"] == "3"


def test_an_answer_after_the_executions_end_finds_no_task(world: World) -> None:
    inbox = Inbox()
    execution = world.start(world.machine({"Wait": wait_for(world.function(inbox))}))
    token = inbox.token()
    world.states.stop_execution(executionArn=execution)
    with pytest.raises(ClientError) as failure:
        world.states.send_task_success(taskToken=token, output="1")
    assert error_of(failure) == "TaskTimedOut"


def test_an_answer_after_the_tasks_time_finds_no_task(world: World) -> None:
    inbox = Inbox()
    states = {"Wait": wait_for(world.function(inbox), TimeoutSeconds=1)}
    execution = world.start(world.machine(states))
    token = inbox.token()
    assert world.end_of(execution)["error"] == "States.Timeout"
    with pytest.raises(ClientError) as failure:
        world.states.send_task_success(taskToken=token, output="1")
    assert error_of(failure) == "TaskTimedOut"


@pytest.mark.parametrize("output", ["1", "not JSON"])
def test_a_token_that_never_was_is_invalid(world: World, output: str) -> None:
    with pytest.raises(ClientError) as failure:
        world.states.send_task_success(taskToken="never", output=output)
    assert error_of(failure) == "InvalidToken"


def test_an_output_that_is_not_json_is_refused_and_the_task_waits_on(world: World) -> None:
    inbox = Inbox()
    execution = world.start(world.machine({"Wait": wait_for(world.function(inbox))}))
    token = inbox.token()
    with pytest.raises(ClientError) as failure:
        world.states.send_task_success(taskToken=token, output="{")
    assert error_of(failure) == "InvalidOutput"
    world.states.send_task_success(taskToken=token, output="1")
    assert world.end_of(execution)["status"] == "SUCCEEDED"


def test_each_try_has_a_token_of_its_own(world: World) -> None:
    """Stock moto keeps the token, so that the first try's answer ends all tries."""
    inbox = Inbox()
    retry = [{"ErrorEquals": ["Throttled"], "IntervalSeconds": 1, "MaxAttempts": 2}]
    execution = world.start(world.machine({"Wait": wait_for(world.function(inbox), Retry=retry)}))
    first = inbox.token()
    world.states.send_task_failure(taskToken=first, error="Throttled", cause="slow down")
    second = inbox.token()
    assert second != first
    world.states.send_task_success(taskToken=second, output='"in the end"')
    assert json.loads(world.end_of(execution)["output"]) == "in the end"


def test_the_token_of_a_try_whose_function_failed_is_closed(world: World) -> None:
    inbox = Inbox()

    calls: list[Any] = []

    def die_at_first(event: Any) -> None:
        calls.append(event)
        inbox(event)
        if len(calls) == 1:
            raise FunctionError("Runtime.ExitError", "killed")

    retry = [{"ErrorEquals": ["Runtime.ExitError"], "IntervalSeconds": 1, "MaxAttempts": 2}]
    states = {"Wait": wait_for(world.function(die_at_first), Retry=retry)}
    execution = world.start(world.machine(states))
    tokens = [inbox.token(), inbox.token()]
    with pytest.raises(ClientError) as failure:
        world.states.send_task_success(taskToken=tokens[0], output="1")
    assert error_of(failure) == "TaskTimedOut"
    world.states.send_task_success(taskToken=tokens[1], output="2")
    assert world.end_of(execution)["output"] == "2"


def test_a_function_may_answer_before_it_returns(world: World) -> None:
    def at_once(event: Any) -> None:
        world.states.send_task_success(taskToken=event["task_token"], output='"had it already"')

    described = world.run({"Wait": wait_for(world.function(at_once))})
    assert json.loads(described["output"]) == "had it already"


def test_a_timeout_is_read_from_the_document(world: World) -> None:
    states = {
        "Wait": wait_for(
            world.function(Inbox()),
            TimeoutSecondsPath="$.plan.timeouts.build",
            **catching("States.Timeout"),
        ),
        **CAUGHT,
    }
    described = world.run(states, {"plan": {"timeouts": {"build": 1}}})
    assert json.loads(described["output"])["failure"]["Error"] == "States.Timeout"


@pytest.mark.parametrize("name", ["States.HeartbeatTimeout", "States.Timeout"])
def test_a_missed_heartbeat_is_caught_under_either_name(world: World, name: str) -> None:
    """Stock moto knows it as States.Timeout alone; the States Language gives it both names."""
    limits = {"TimeoutSeconds": 60, "HeartbeatSeconds": 1}
    states = {"Wait": wait_for(world.function(Inbox()), **limits, **catching(name)), **CAUGHT}
    assert json.loads(world.run(states)["output"])["failure"]["Error"] == "States.Timeout"


def test_heartbeats_keep_a_task_waiting(world: World) -> None:
    inbox = Inbox()
    states = {"Wait": wait_for(world.function(inbox), TimeoutSeconds=60, HeartbeatSeconds=30)}
    execution = world.start(world.machine(states))
    token = inbox.token()
    world.states.send_task_heartbeat(taskToken=token)
    world.states.send_task_success(taskToken=token, output="1")
    assert world.end_of(execution)["status"] == "SUCCEEDED"


def test_a_functions_exception_names_the_error_and_its_payload_is_the_cause(world: World) -> None:
    described = world.run({"Work": call(world.function(failing("MissingData", "no wti.csv")))})
    assert described["error"] == "MissingData"
    assert json.loads(described["cause"]) == {
        "errorType": "MissingData",
        "errorMessage": "no wti.csv",
    }


def test_a_function_that_fails_without_a_type_is_unknown(world: World) -> None:
    described = world.run({"Work": call(world.function(failing(None)))})
    assert described["error"] == "Lambda.Unknown"


def test_what_the_service_refuses_carries_the_name_of_its_exception(world: World) -> None:
    missing = "arn:aws:lambda:eu-west-1:123456789012:function:none"
    described = world.run({"Work": call(missing)})
    assert described["error"] == "Lambda.ResourceNotFoundException"
    assert "Service: AWSLambda; Status Code: 404" in described["cause"]


class Denied(AWSError):
    TYPE = "AccessDeniedException"
    STATUS = 403


def test_a_role_that_may_not_call_the_function_fails_as_in_aws(world: World) -> None:
    """AccessDeniedException is not an exception of Lambda's own, hence AWSLambdaException."""

    def deny(event: Any) -> None:
        raise Denied("User: machine is not authorized to perform: lambda:InvokeFunction")

    described = world.run({"Work": call(world.function(deny))})
    assert described["error"] == "Lambda.AWSLambdaException"
    assert "not authorized to perform: lambda:InvokeFunction" in described["cause"]
    assert "Error Code: AccessDeniedException" in described["cause"]


def test_a_fault_of_the_service_without_a_message_can_be_retried(world: World) -> None:
    """Stock moto's interpreter stumbles over an answer that has no request id."""

    def crash(event: Any) -> None:
        raise RuntimeError("moto itself broke")

    described = world.run({"Work": call(world.function(crash))})
    assert described["error"] == "Lambda.AWSLambdaException"


def test_a_task_calls_with_the_credentials_of_the_machines_role(world: World) -> None:
    """Stock moto calls with the key 'ak', which belongs to no user."""
    identity = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sts:getCallerIdentity",
        "Parameters": {},
        "End": True,
    }
    described = world.run({"Who": identity})
    assert json.loads(described["output"])["Arn"].endswith(
        f":assumed-role/{world.role_name}/StepFunctions"
    )


def test_states_all_catches_an_error_of_ones_own(world: World) -> None:
    states = {"Work": call(world.function(failing("Odd")), **catching("States.ALL")), **CAUGHT}
    assert json.loads(world.run(states)["output"])["failure"]["Error"] == "Odd"


def test_states_all_does_not_catch_a_runtime_error(world: World) -> None:
    """A document that lacks what a path names ends the execution in AWS; stock moto goes on."""
    work = call(world.function(failing("Odd")), **catching("States.ALL"))
    work["Parameters"]["Payload"] = {"missing.$": "$.missing"}
    described = world.run({"Work": work, **CAUGHT})
    assert (described["status"], described["error"]) == ("FAILED", "States.Runtime")


def test_two_retriers_count_their_own_tries(world: World) -> None:
    inbox = Inbox()
    retry = [
        {"ErrorEquals": ["EndpointBusy"], "IntervalSeconds": 1, "MaxAttempts": 1},
        {"ErrorEquals": ["Throttled"], "IntervalSeconds": 1, "MaxAttempts": 1},
    ]
    execution = world.start(world.machine({"Wait": wait_for(world.function(inbox), Retry=retry)}))
    for error in ("EndpointBusy", "Throttled", "Throttled"):
        world.states.send_task_failure(taskToken=inbox.token(), error=error)
    assert world.end_of(execution)["error"] == "Throttled"


def parallel(*branches: dict[str, Any], **fields: Any) -> dict[str, Any]:
    machines = [{"StartAt": next(iter(states)), "States": states} for states in branches]
    return {"Type": "Parallel", "Branches": machines, **fields}


def test_a_failed_branch_ends_the_other_at_once(world: World) -> None:
    left, right = Inbox(), Inbox()
    states = {
        "Both": parallel(
            {"Left": wait_for(world.function(left))},
            {"Right": wait_for(world.function(right))},
            **catching("States.ALL"),
            End=True,
        ),
        **CAUGHT,
    }
    execution = world.start(world.machine(states))
    other = right.token()
    world.states.send_task_failure(taskToken=left.token(), error="BuildFailed", cause="line 3")
    described = world.end_of(execution)
    assert json.loads(described["output"])["failure"] == {
        "Error": "BuildFailed",
        "Cause": "line 3",
    }
    with pytest.raises(ClientError) as failure:
        world.states.send_task_success(taskToken=other, output="1")
    assert error_of(failure) == "TaskTimedOut"


def test_a_branch_that_was_ended_writes_no_more_history(world: World) -> None:
    """Stock moto notes its timeout, long after the execution's end."""
    right, later, fail = Inbox(), Inbox(), threading.Event()
    soon = math.ceil(patience(1))  # seconds; the branch is ended before they are over

    def left(event: Any) -> None:
        assert fail.wait(HUNG)
        raise FunctionError("BuildFailed", "line 3")

    states = {
        "Both": parallel(
            {"Left": call(world.function(left))},
            {"Right": wait_for(world.function(right), TimeoutSeconds=soon)},
            **catching("States.ALL"),
            End=True,
        ),
        "Caught": wait_for(world.function(later), TimeoutSeconds=soon + 1, End=True),
    }
    execution = world.start(world.machine(states))
    right.take()
    fail.set()  # long before the second is over
    later.take()
    world.end_of(execution)
    timeouts = [event for event in world.history(execution) if event["type"] == "TaskTimedOut"]
    assert [event["taskTimedOutEventDetails"]["resource"] for event in timeouts] == [
        "invoke.waitForTaskToken"
    ]


def test_branches_results_can_be_named(world: World) -> None:
    states = {
        "Both": parallel(
            {"Left": {"Type": "Pass", "Result": 1, "End": True}},
            {"Right": {"Type": "Pass", "Result": 2, "End": True}},
            ResultSelector={"training.$": "$[0]", "inference.$": "$[1]"},
            ResultPath="$.images",
            End=True,
        )
    }
    output = json.loads(world.run(states, {"kept": True})["output"])
    assert output == {"kept": True, "images": {"training": 1, "inference": 2}}


def test_waiting_longer_adds_no_history(world: World) -> None:
    lengths = []
    for beats in (0, 3):
        inbox = Inbox()
        execution = world.start(
            world.machine({"Wait": wait_for(world.function(inbox), HeartbeatSeconds=30)})
        )
        token = inbox.token()
        for _ in range(beats):
            world.states.send_task_heartbeat(taskToken=token)
        world.states.send_task_success(taskToken=token, output="1")
        world.end_of(execution)
        lengths.append(len(world.history(execution)))
    assert lengths[0] == lengths[1]


def test_a_fail_state_may_pass_on_an_error_of_step_functions_own(world: World) -> None:
    """Stock moto takes States.Timeout for a name that a team made up, and refuses it."""
    machine = world.machine(
        {
            "Wait": {
                **wait_for(world.function(Inbox())),
                "TimeoutSeconds": 1,
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Failed"}],
            },
            "Failed": {"Type": "Fail", "ErrorPath": "$.Error", "Cause": "as it was caught"},
        }
    )
    described = world.end_of(world.start(machine))
    assert (described["error"], described["cause"]) == ("States.Timeout", "as it was caught")


def test_an_answer_during_the_call_is_not_slept_through_where_heartbeats_are_asked_for(
    world: World,
) -> None:
    """Stock moto misses it, and waits for a heartbeat that is never sent."""

    def answer_at_once(event: Any) -> None:
        world.states.send_task_success(taskToken=event["task_token"], output='"early"')

    task = wait_for(world.function(answer_at_once), HeartbeatSeconds=int(HUNG) * 2)
    assert world.run({"Wait": task})["output"] == '"early"'


def timed_out(world: World) -> dict[str, Any]:
    return wait_for(world.function(lambda event: None), TimeoutSeconds=1)


def test_a_branch_that_timed_out_is_caught_around_the_branches(world: World) -> None:
    """Stock moto ends the execution with States.Runtime, and nothing is rolled back."""
    both = parallel({"Wait": timed_out(world)}, {"Well": {"Type": "Pass", "End": True}})
    described = world.run({"Both": {**both, **catching("States.Timeout"), "Next": "Ok"}, **CAUGHT,
                           "Ok": {"Type": "Succeed"}})  # fmt: skip
    assert json.loads(described["output"])["failure"]["Error"] == "States.Timeout"


def test_an_item_of_a_map_that_timed_out_is_caught_around_the_map(world: World) -> None:
    items = {"StartAt": "Wait", "States": {"Wait": timed_out(world)}}
    every = {"Type": "Map", "ItemsPath": "$.items", "Iterator": items, **catching("States.ALL")}
    described = world.run({"Every": {**every, "End": True}, **CAUGHT}, {"items": [1]})
    assert json.loads(described["output"])["failure"]["Error"] == "States.Timeout"


def test_a_name_of_step_functions_own_may_be_sent_with_a_token_or_raised(world: World) -> None:
    inbox = Inbox()
    waiting = wait_for(world.function(inbox), **catching("States.ALL"))
    execution = world.start(world.machine({"Wait": waiting, **CAUGHT}))
    world.states.send_task_failure(taskToken=inbox.token(), error="States.Timeout", cause="late")
    sent = json.loads(world.end_of(execution)["output"])["failure"]
    assert sent == {"Error": "States.Timeout", "Cause": "late"}

    raising = call(world.function(failing("States.TaskFailed")), **catching("States.ALL"))
    described = world.run({"Call": raising, **CAUGHT})
    assert json.loads(described["output"])["failure"]["Error"] == "States.TaskFailed"
