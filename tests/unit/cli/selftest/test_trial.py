"""A selftest touches no project that anybody uses, and says what it could not take away."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner

from modelwharf.cli.errors import CommandError
from modelwharf.cli.main import wharf
from modelwharf.cli.selftest.trial import Trial
from modelwharf.cli.services import Services
from modelwharf.cli.stack import find_stack
from tests.unit.cli.fakes import OUTPUTS
from tests.unit.cli.preflight.accounts import FakeClient
from tests.unit.contracts.histories import RELEASE, START, History


def not_there(**asked: Any) -> ClientError:
    message = f"Could not find {asked}"
    return ClientError({"Error": {"Code": "ValidationException", "Message": message}}, "Call")


@dataclass
class World:
    """An unused project, unless a test changes that."""

    calls: list[str] = field(default_factory=list)
    passed: float = 0.0
    """Seconds."""
    answers: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {
            "cloudformation": {
                "describe_stacks": {
                    "Stacks": [
                        {
                            "StackName": "s",
                            "StackStatus": "CREATE_COMPLETE",
                            "Outputs": [
                                {"OutputKey": key, "OutputValue": value}
                                for key, value in OUTPUTS.items()
                            ],
                        }
                    ]
                }
            },
            "dynamodb": {"get_item": {}},
            "sagemaker": {"describe_endpoint": not_there},
            "stepfunctions": {"list_executions": {"executions": []}},
            "codecommit": {"list_branches": {"branches": []}},
            "ssm": {"get_parameters": {"Parameters": []}},
            "s3": {"delete_object": {}},
            "events": {},
            "sqs": {},
            "sns": {},
        }
    )

    def client(self, name: str) -> Any:
        return FakeClient(self.answers[name])

    def services(self) -> Services:
        return Services(
            client=self.client,
            endpoint_url=None,
            configured_region="eu-west-1",
            environment={},
            now=lambda: START + timedelta(seconds=self.passed),
            sleep=self._sleep,
        )

    def _sleep(self, seconds: float) -> None:
        self.passed += seconds

    def trial(self) -> Trial:
        services = self.services()
        return Trial(services, find_stack(services, "oil-price"), self.calls.append)


def test_a_project_that_is_unused_is_taken() -> None:
    World().trial().refuse_in_use()


SIGNS: list[tuple[str, str, Any, str]] = [
    ("dynamodb", "get_item", {"Item": {"release_id": {"S": "r-1"}}}, "r-1 is its champion"),
    ("sagemaker", "describe_endpoint", {"EndpointStatus": "Failed"}, "is Failed"),
    (
        "stepfunctions",
        "list_executions",
        {"executions": [{"name": "r-2", "startDate": 1}]},
        "it has releases, such as r-2",
    ),
    ("codecommit", "list_branches", {"branches": ["main"]}, "has commits"),
    ("ssm", "get_parameters", {"Parameters": [{"Name": "/x"}]}, "it is configured: /x"),
]


@pytest.mark.parametrize(("service", "operation", "answer", "words"), SIGNS)
def test_each_sign_of_use_is_refused(service: str, operation: str, answer: Any, words: str) -> None:
    world = World()
    world.answers[service][operation] = answer
    with pytest.raises(CommandError) as caught:
        world.trial().refuse_in_use()
    assert words in caught.value.message
    assert "wharf selftest --project selftest" in caught.value.message


def test_all_signs_are_reported_at_once() -> None:
    world = World()
    for service, operation, answer, _ in SIGNS:
        world.answers[service][operation] = answer
    with pytest.raises(CommandError) as caught:
        world.trial().refuse_in_use()
    assert all(words in caught.value.message for *_, words in SIGNS)


def test_what_could_not_be_taken_away_is_said_and_the_rest_is_taken_away() -> None:
    world = World()
    world.answers["ssm"]["delete_parameter"] = not_there
    world.answers["s3"]["delete_object"] = lambda **asked: world.calls.append(asked["Key"])
    trial = world.trial()
    trial.put = ["/modelwharf/oil-price/data"]
    trial.leave()
    assert trial.stays[0].startswith("/modelwharf/oil-price/data: ")
    assert world.calls == ["selftest/numbers.csv"]
    assert "wharf destroy --everything" in trial.stays[-1]


def running(world: World) -> Trial:
    """A release that waits in Train, and will for ever."""
    history = History()
    history.enter("Train")
    history.schedule()
    begun = {"executionArn": "arn", "name": RELEASE, "status": "RUNNING", "startDate": START}
    world.answers["stepfunctions"] |= {
        "describe_execution": {**begun, "input": "{}"},
        "get_execution_history": {"events": history.events},
    }
    world.answers["dynamodb"]["query"] = {"Items": []}
    world.answers["sqs"]["receive_message"] = {}
    world.answers["logs"] = {"filter_log_events": {"events": []}}
    resource = {
        "ResourceType": "AWS::Lambda::Function",
        "PhysicalResourceId": "modelwharf-oil-price-resume-release",
    }
    world.answers["cloudformation"]["list_stack_resources"] = {"StackResourceSummaries": [resource]}
    trial = world.trial()
    trial.release = RELEASE
    return trial


def test_a_release_that_does_not_end_is_waited_for_as_long_as_was_said() -> None:
    world = World()
    running(world).wait(minutes=30)
    assert 30 * 60 <= world.passed < 31 * 60


def test_a_denial_ends_the_wait_for_it_would_only_cost_money() -> None:
    world = World()
    trial = running(world)
    event = {"message": "AccessDeniedException … states:SendTaskSuccess"}
    world.answers["logs"]["filter_log_events"] = {"events": [event]}
    trial.wait(minutes=30)
    assert world.passed < 3 * 60
    assert "denied" in world.calls[-1]


@pytest.mark.parametrize(
    ("words", "typed", "exit_code", "told"),
    [
        ((), "another\n", 1, "nothing was changed"),
        (("--json",), "", 2, "--json cannot ask for confirmation: add --yes"),
    ],
)
def test_nothing_begins_before_the_project_s_name_was_typed(
    words: tuple[str, ...], typed: str, exit_code: int, told: str
) -> None:
    command: Callable[..., Any] = CliRunner().invoke
    result = command(wharf, ("selftest", *words), obj=World().services(), input=typed)
    assert result.exit_code == exit_code
    assert told in result.stderr
