"""What `wharf destroy` waits for, and what it says when a step fails."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from modelwharf.cli.commands.destroy import next_steps
from modelwharf.cli.deployed_project import DeployedProject
from modelwharf.cli.errors import CommandError
from modelwharf.cli.retained_stack import RemovalPlan
from modelwharf.cli.services import Services
from tests.unit.cli.preflight.accounts import FakeClient

RESOURCES = [
    {"LogicalResourceId": "M", "ResourceType": "AWS::StepFunctions::StateMachine"},
    {"LogicalResourceId": "B", "ResourceType": "AWS::S3::Bucket"},
]
TEMPLATE = {"Resources": {"B": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"}}}


def refused(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Call")


@dataclass
class Paging(FakeClient):
    """The answer to an operation is a list of pages."""

    def get_paginator(self, operation: str) -> Any:
        client = self

        class Pages:
            def paginate(self, **asked: Any) -> Iterator[Any]:
                yield from client.answers[operation]

        return Pages()

    __hash__ = FakeClient.__hash__


@dataclass
class Account:
    """A project with one machine and one bucket. ``done`` are the calls that change something."""

    endpoints: list[str | None] = field(default_factory=lambda: [None])
    """The endpoint's status at each look; the last one stays. None: there is none."""
    outputs: dict[str, Any] = field(default_factory=dict)
    """Of the template."""
    stacks: list[str] = field(default_factory=lambda: ["UPDATE_COMPLETE"])
    events: list[dict[str, str]] = field(default_factory=list)
    undeleted: list[dict[str, str]] = field(default_factory=list)
    update: Exception | None = None
    executions: list[list[str]] = field(default_factory=list)
    """Names, page by page."""
    done: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def project(self) -> DeployedProject:
        services = Services(
            client=self._clients().__getitem__,
            endpoint_url=None,
            configured_region="eu-west-1",
            environment={},
            sleep=self.slept.append,
        )
        return DeployedProject(services, "oil-price")

    def _next(self, looks: list[Any]) -> Any:
        return looks.pop(0) if len(looks) > 1 else looks[0]

    def _endpoint(self, **asked: Any) -> Any:
        status = self._next(self.endpoints)
        if status is None:
            return refused("ValidationException", "Could not find endpoint")
        return {"EndpointStatus": status, "EndpointConfigName": "oil-price-r-1"}

    def _note(self, call: str) -> Any:
        return lambda **asked: self.done.append(f"{call} {next(iter(asked.values()))}")

    def _clients(self) -> dict[str, Any]:
        nothing: list[Any] = []
        return {
            "cloudformation": Paging(
                {
                    "get_template": {"TemplateBody": {**TEMPLATE, "Outputs": self.outputs}},
                    "list_stack_resources": [
                        {
                            "StackResourceSummaries": [
                                {**one, "PhysicalResourceId": one["LogicalResourceId"].lower()}
                                for one in RESOURCES
                            ]
                        }
                    ],
                    "update_stack": self.update or self._note("update"),
                    "describe_stacks": lambda **asked: {
                        "Stacks": [{"StackStatus": self._next(self.stacks)}]
                    },
                    "describe_stack_events": {"StackEvents": self.events},
                }
            ),
            "sagemaker": Paging(
                {
                    "describe_endpoint": self._endpoint,
                    "delete_endpoint": self._note("delete endpoint"),
                    "list_endpoint_configs": nothing,
                    "list_models": nothing,
                    "list_training_jobs": nothing,
                    "list_processing_jobs": nothing,
                }
            ),
            "stepfunctions": Paging(
                {
                    "list_executions": [
                        {"executions": [{"executionArn": name} for name in page]}
                        for page in self.executions
                    ],
                    "stop_execution": self._note("stop"),
                }
            ),
            "codebuild": FakeClient({}),
            "s3": Paging(
                {
                    "list_object_versions": [{"Versions": [{"Key": "k", "VersionId": "1"}]}],
                    "delete_objects": {"Errors": self.undeleted},
                }
            ),
        }


def silent(text: str) -> None:
    pass


def test_a_stack_that_needs_a_newer_command_line_is_not_destroyed() -> None:
    with pytest.raises(CommandError, match=r"needs `wharf` of 99\.0\.0 or newer"):
        Account(outputs={"OldestReader": {"Value": "99.0.0"}}).project()


def test_an_endpoint_is_deleted_once_its_update_has_ended() -> None:
    account = Account(endpoints=["Updating", "Updating", "Updating", "InService", "Deleting", None])

    account.project().delete_endpoint(silent)

    assert account.done == ["delete endpoint oil-price"]
    assert account.slept == [5.0, 5.0]


def test_an_endpoint_that_never_goes_is_said_after_half_an_hour() -> None:
    account = Account(endpoints=["Deleting"])

    with pytest.raises(CommandError, match="waited 30 minutes for the endpoint to go"):
        account.project().delete_endpoint(silent)

    assert 1800 < sum(account.slept) < 1900


def test_every_running_release_is_stopped_on_whichever_page_it_stands() -> None:
    account = Account(executions=[["one"], ["two", "three"]])

    account.project().stop_work(silent)

    assert account.done == ["stop one", "stop two", "stop three"]


def test_a_stack_that_would_not_go_says_which_resource_and_why() -> None:
    account = Account(
        stacks=["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"],
        events=[
            {"LogicalResourceId": "M", "ResourceStatus": "DELETE_FAILED",
             "ResourceStatusReason": "in use"},
            {"LogicalResourceId": "B", "ResourceStatus": "UPDATE_COMPLETE"},
        ],
    )  # fmt: skip

    with pytest.raises(CommandError, match=r"ended as UPDATE_ROLLBACK_COMPLETE: M: in use"):
        account.project().reduce(silent, everything=False)


def test_a_stack_that_is_reduced_already_is_not_an_error() -> None:
    unchanged = refused("ValidationError", "No updates are to be performed.")
    account = Account(update=unchanged)

    account.project().reduce(silent, everything=False)

    assert account.done == []


def test_an_object_that_stays_in_its_bucket_is_named_with_the_reason() -> None:
    account = Account(undeleted=[{"Key": "k", "Code": "AccessDenied", "Message": "locked"}])

    with pytest.raises(CommandError, match="s3://b/k was not deleted: AccessDenied: locked"):
        account.project().empty(silent)


NOTHING_LEFT = RemovalPlan(
    project="toy",
    stack="modelwharf-toy",
    everything=False,
    endpoint=None,
    instances=(),
    releases=(),
    jobs=(),
    endpoint_configs=(),
    models=(),
    kept=(),
    removed=0,
)


@pytest.mark.parametrize(
    ("endpoint_url", "words"),
    [
        (None, "`cdk deploy` brings it back, with data, models and images"),
        ("http://127.0.0.1:5000", "a new cloud, which has the commits and no more"),
    ],
)
def test_the_last_words_say_what_the_next_deploy_brings_back(
    endpoint_url: str | None, words: str
) -> None:
    def no_client(name: str) -> Any:
        raise AssertionError(f"{name} is not needed")

    services = Services(
        client=no_client,
        endpoint_url=endpoint_url,
        configured_region="eu-west-1",
        environment={},
    )

    text = next_steps(NOTHING_LEFT, services)

    assert words in text
    assert text.endswith("wharf destroy --everything --project toy")
