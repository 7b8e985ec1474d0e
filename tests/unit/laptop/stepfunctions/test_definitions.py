"""What is not a state machine is refused, with the place of what is wrong."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from modelwharf.laptop.stepfunctions import UnfilledPlaceholder, substitute
from modelwharf.laptop.stepfunctions.parsing import require_valid
from tests.unit.laptop.stepfunctions.world import World

PASS = {"Done": {"Type": "Pass", "End": True}}


def refusal(world: World, definition: str) -> str:
    with pytest.raises(ClientError) as failure:
        world.machine(definition)
    assert failure.value.response["Error"]["Code"] == "InvalidDefinition"
    return str(failure.value.response["Error"]["Message"])


def machine(states: dict[str, Any], start: str = "A") -> str:
    return json.dumps({"StartAt": start, "States": states})


def test_text_that_is_not_json_is_refused(world: World) -> None:
    assert "INVALID_JSON_DESCRIPTION" in refusal(world, '{"StartAt":')


def test_json_that_is_not_a_machine_is_refused(world: World) -> None:
    assert "SCHEMA_VALIDATION_FAILED" in refusal(world, "[]")
    assert "SCHEMA_VALIDATION_FAILED" in refusal(world, '{"StartAt": "A", "States": {}}')


def test_a_state_of_an_unknown_type_is_refused(world: World) -> None:
    assert "Sleep" in refusal(world, machine({"A": {"Type": "Sleep", "End": True}}))


@pytest.mark.parametrize(
    ("states", "place"),
    [
        ({"A": {"Type": "Pass", "Next": "Gone"}}, "/States/A/Next"),
        (
            {"A": {"Type": "Choice", "Choices": [], "Default": "Gone"}},
            "/States/A/Default",
        ),
        (
            {
                "A": {
                    "Type": "Choice",
                    "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "Gone"}],
                }
            },
            "/States/A/Choices[0]/Next",
        ),
        (
            {
                "A": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::lambda:invoke",
                    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Gone"}],
                    "End": True,
                }
            },
            "/States/A/Catch[0]/Next",
        ),
        (
            {
                "A": {
                    "Type": "Parallel",
                    "Branches": [
                        {"StartAt": "B", "States": {"B": {"Type": "Pass", "Next": "Gone"}}}
                    ],
                    "End": True,
                }
            },
            "/States/A/Branches[0]/States/B/Next",
        ),
    ],
)
def test_a_transition_to_nowhere_is_refused_with_its_place(
    world: World, states: dict[str, Any], place: str
) -> None:
    """Stock moto accepts it, and the execution fails on the way."""
    message = refusal(world, machine(states))
    assert "MISSING_TRANSITION_TARGET" in message
    assert f"target: Gone at {place}" in message


def test_a_start_that_is_not_a_state_is_refused(world: World) -> None:
    assert "/StartAt" in refusal(world, machine(PASS, start="Gone"))


def test_a_state_that_nothing_leads_to_is_refused(world: World) -> None:
    states = {"A": {"Type": "Pass", "End": True}, "B": {"Type": "Pass", "End": True}}
    assert 'State "B" is not reachable' in refusal(world, machine(states))


def test_an_update_is_held_to_the_same_rules(world: World) -> None:
    arn = world.machine(PASS)
    with pytest.raises(ClientError) as failure:
        world.states.update_state_machine(
            stateMachineArn=arn, definition=machine({"A": {"Type": "Pass", "Next": "Gone"}})
        )
    assert failure.value.response["Error"]["Code"] == "InvalidDefinition"


def test_a_name_is_one_machines_own(world: World) -> None:
    """Stock moto answers with the machine that is there, whatever its definition."""
    options = {"name": "taken", "roleArn": world.role}
    first = world.states.create_state_machine(
        definition=machine({"A": {"Type": "Succeed"}}), **options
    )
    again = world.states.create_state_machine(
        definition=machine({"A": {"Type": "Succeed"}}), **options
    )
    assert again["stateMachineArn"] == first["stateMachineArn"]
    with pytest.raises(ClientError) as failure:
        world.states.create_state_machine(definition=machine({"A": {"Type": "Fail"}}), **options)
    assert failure.value.response["Error"]["Code"] == "StateMachineAlreadyExists"


def test_substitutions_fill_the_definition() -> None:
    assert substitute('"${TrainFunctionArn}"', {"TrainFunctionArn": "arn:t"}) == '"arn:t"'


def test_a_placeholder_without_a_substitution_is_refused_by_name() -> None:
    with pytest.raises(UnfilledPlaceholder, match=r"\$\{B\}.*it gives A"):
        substitute("${A} ${B}", {"A": "1"})


def test_a_definition_is_parsed_once_when_a_machine_is_made_and_once_when_it_is_changed(
    world: World,
) -> None:
    require_valid.cache_clear()
    arn = world.machine(machine(PASS, "Done"))
    assert require_valid.cache_info().misses == 1

    world.states.update_state_machine(
        stateMachineArn=arn, definition=machine({"A": {"Type": "Succeed"}})
    )
    assert require_valid.cache_info().misses == 2
