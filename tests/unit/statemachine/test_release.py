"""What the committed state machine promises, read from the file that AWS and the laptop run."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from statelint.linter import Linter

from modelwharf.contracts.states import RELEASE, every_state

DEFINITION = Path(__file__).parents[3] / "statemachine" / "release.asl.json"
TEXT = DEFINITION.read_text()
MACHINE = json.loads(TEXT)
STATES = MACHINE["States"]

SERVICE_FAULTS = {
    "AccountBusy",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Sandbox.Timedout",
    "Throttled",
    "ServiceFault",
}
TABLE = {state.name: state for state in every_state()}
WAITING = {name for name, state in TABLE.items() if state.waits}


def all_states(states: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in states.items():
        yield name, state
        for branch in state.get("Branches", []):
            yield from all_states(branch["States"])


EVERY = dict(all_states(STATES))
TASKS = {name: state for name, state in EVERY.items() if state["Type"] == "Task"}
IN_BRANCHES = set(EVERY) - set(STATES)


def successors(state: dict[str, Any]) -> set[str]:
    chosen = {rule["Next"] for rule in state.get("Choices", [])}
    return chosen | {state[key] for key in ("Next", "Default") if key in state}


def handlers(state: dict[str, Any]) -> set[str]:
    return {catcher["Next"] for catcher in state.get("Catch", [])}


def reachable(start: str) -> set[str]:
    seen: set[str] = set()
    pending = [start]
    while pending:
        name = pending.pop()
        if name not in seen:
            seen.add(name)
            pending.extend(successors(STATES[name]) | handlers(STATES[name]))
    return seen


def test_statelint_finds_nothing() -> None:
    assert Linter.validate(MACHINE) == []


def test_the_main_path_is_the_release() -> None:
    path = [MACHINE["StartAt"]]
    while following := STATES[path[-1]].get("Default") or STATES[path[-1]].get("Next"):
        path.append(following)
    table = [TABLE[one.name].only_if or one if one.name in TABLE else one for one in RELEASE]
    assert path == [*(one.name for one in table), "NotifySuccess", "Released"]


def test_every_task_is_an_entry_of_the_table() -> None:
    assert set(TASKS) == set(TABLE)
    assert {name: task["Comment"] for name, task in TASKS.items()} == {
        name: state.comment for name, state in TABLE.items()
    }


def test_approval_is_asked_for_only_when_it_is_manual() -> None:
    assert STATES["ApprovalRequired"]["Choices"] == [
        {
            "Variable": "$.plan.deployment.approval",
            "StringEquals": "manual",
            "Next": "Approve",
        }
    ]
    assert successors(STATES["Approve"]) == {"Deploy"}


def test_every_state_is_reachable() -> None:
    assert reachable("Resolve") == set(STATES)


def test_each_placeholder_is_a_function_of_the_release() -> None:
    functions = {f"{state.function}FunctionArn" for state in TABLE.values()}
    assert set(re.findall(r"\$\{([^}]*)\}", TEXT)) == functions


def test_every_task_calls_a_function() -> None:
    for state in TASKS.values():
        assert re.fullmatch(r"\$\{\w+FunctionArn\}", state["Parameters"]["FunctionName"])


@pytest.mark.parametrize("name", sorted(TASKS))
def test_every_task_has_a_timeout(name: str) -> None:
    assert ("TimeoutSeconds" in TASKS[name]) != ("TimeoutSecondsPath" in TASKS[name])


def test_waiting_states_wait_for_a_token_as_long_as_the_plan_says() -> None:
    limits = {
        name: TASKS[name].get("TimeoutSecondsPath", TASKS[name].get("TimeoutSeconds"))
        for name in WAITING
    }
    assert limits == {
        "BuildTrainingImage": "$.plan.timeouts.build",
        "BuildInferenceImage": "$.plan.timeouts.build",
        "RollBack": 3600,
        **{
            name: f"$.plan.timeouts.{TABLE[name].timeout}"
            for name in WAITING - {"BuildTrainingImage", "BuildInferenceImage", "RollBack"}
        },
    }
    waiting = {name for name, state in TASKS.items() if state["Resource"].endswith("Token")}
    assert waiting == WAITING


@pytest.mark.parametrize("name", sorted(WAITING))
def test_a_waiting_function_gets_the_release_and_the_token(name: str) -> None:
    payload = dict(TASKS[name]["Parameters"]["Payload"])
    kind = payload.pop("kind", None)
    assert payload == {"release.$": "$", "task_token.$": "$$.Task.Token"}
    kinds = {"BuildTrainingImage": "training", "BuildInferenceImage": "inference"}
    assert kind == kinds.get(name)


@pytest.mark.parametrize("name", sorted(set(TASKS) - WAITING))
def test_an_answering_function_gets_and_returns_the_document(name: str) -> None:
    assert TASKS[name]["Resource"] == "arn:aws:states:::lambda:invoke"
    assert TASKS[name]["Parameters"]["Payload.$"] == "$"
    assert TASKS[name]["OutputPath"] == "$.Payload"


def test_each_waiting_state_fills_its_own_section() -> None:
    paths = {name: STATES[name]["ResultPath"] for name in WAITING - IN_BRANCHES}
    assert paths == {name: f"$.{TABLE[name].section}" for name in WAITING - IN_BRANCHES}
    assert STATES["BuildImages"]["ResultPath"] == "$.images"
    assert STATES["BuildImages"]["ResultSelector"] == {
        "training.$": "$[0]",
        "inference.$": "$[1]",
    }


@pytest.mark.parametrize("name", sorted(TASKS))
def test_only_faults_of_the_services_are_tried_again(name: str) -> None:
    retried = {error for retrier in TASKS[name]["Retry"] for error in retrier["ErrorEquals"]}
    goes_on = {TABLE[name].tries_again_on} - {""}
    assert goes_on <= retried
    assert retried - goes_on == SERVICE_FAULTS


@pytest.mark.parametrize("name", sorted(TASKS))
def test_tries_are_counted_and_grow_apart(name: str) -> None:
    faults = [retrier for retrier in TASKS[name]["Retry"] if "Throttled" in retrier["ErrorEquals"]]
    assert [retrier["MaxAttempts"] for retrier in faults] == [5]
    assert all(retrier["BackoffRate"] > 1 for retrier in faults)


def test_deploy_queues_for_the_endpoint_at_an_even_pace() -> None:
    (queue,) = [
        retrier for retrier in STATES["Deploy"]["Retry"] if "EndpointBusy" in retrier["ErrorEquals"]
    ]
    assert (queue["IntervalSeconds"], queue["MaxAttempts"], queue["BackoffRate"]) == (30, 40, 1.0)


def test_every_task_is_caught_by_itself_or_by_the_state_around_it() -> None:
    uncaught = {name for name, state in TASKS.items() if "Catch" not in state}
    assert uncaught == IN_BRANCHES == {"BuildTrainingImage", "BuildInferenceImage"}
    assert "Catch" in STATES["BuildImages"]


ROAD_BEFORE_RELEASE = set(STATES) - {
    "ApprovalRequired",
    "NotifySuccess",
    "Released",
    "RollBack",
    "NotifyFailure",
    "Overtaken",
    "Superseded",
    "Failed",
}


@pytest.mark.parametrize("name", sorted(ROAD_BEFORE_RELEASE))
def test_every_failure_keeps_its_reason_and_rolls_back(name: str) -> None:
    assert STATES[name]["Catch"] == [
        {"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "RollBack"}
    ]


def test_every_way_out_of_a_rollback_tells_people_and_fails_with_the_first_reason() -> None:
    assert successors(STATES["RollBack"]) | handlers(STATES["RollBack"]) == {"NotifyFailure"}
    assert STATES["RollBack"]["Catch"][0]["ResultPath"] == "$.rollback_failure"
    told = STATES["NotifyFailure"]
    assert successors(told) | handlers(told) == {"Overtaken"}
    assert successors(STATES["Overtaken"]) == {"Superseded", "Failed"}
    assert STATES["Superseded"]["Type"] == "Succeed"
    assert told["Catch"][0]["ResultPath"] is None
    failed = {key: value for key, value in STATES["Failed"].items() if key != "Comment"}
    assert failed == {
        "Type": "Fail",
        "ErrorPath": "$.failure.Error",
        "CausePath": "$.failure.Cause",
    }


def test_a_success_that_cannot_be_reported_stays_a_success() -> None:
    told = STATES["NotifySuccess"]
    assert successors(told) | handlers(told) == {"Released"}
    assert told["Catch"][0]["ResultPath"] is None
