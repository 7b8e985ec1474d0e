"""The same checks against the laptop's cloud: what it has is looked at, what it has not is said."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from modelwharf.cli.preflight.account import Account, Template
from modelwharf.cli.preflight.plan import examine
from modelwharf.cli.services import services_of
from modelwharf.contracts.preflight import Finding, Outcome
from modelwharf.laptop.cloudformation import _publish_parameter
from tests.unit.cli.preflight.accounts import BOOTSTRAP, LAYER, TEMPLATE
from tests.unit.laptop.core.world import REGION, World, serving


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with serving(Path(tmp_path_factory.mktemp("cloud"))) as made:
        yield made


def findings(world: World, template: Template = TEMPLATE) -> tuple[Finding, ...]:
    keys = world.cloud.root_credentials()
    services = services_of({"AWS_ENDPOINT_URL": world.cloud.url, "AWS_REGION": REGION, **keys})
    return examine(Account(services, "oil-price", template)).findings


def outcomes(world: World) -> dict[str, Outcome]:
    return {finding.id: finding.outcome for finding in findings(world)}


def test_what_the_laptop_lacks_is_said_and_what_it_has_is_judged(world: World) -> None:
    before = outcomes(world)
    assert before["bootstrap"] is Outcome.SKIPPED
    assert before["layer"] is Outcome.FAIL
    assert before["credentials"] is before["codecommit"] is Outcome.PASS

    _publish_parameter(world.cloud, LAYER, "arn")
    _publish_parameter(world.cloud, BOOTSTRAP, "5")
    after = outcomes(world)
    assert (after["layer"], after["bootstrap"]) == (Outcome.PASS, Outcome.FAIL)


def test_a_repository_that_no_stack_has_is_a_leftover(world: World) -> None:
    assert outcomes(world)["leftovers"] is Outcome.PASS

    world.client("codecommit").create_repository(repositoryName="oil-price")

    assert outcomes(world)["leftovers"] is Outcome.FAIL


def test_a_leftover_is_deleted_by_what_the_command_line_takes_not_by_its_name(
    world: World,
) -> None:
    queue = world.client("sqs").create_queue(QueueName="left")["QueueUrl"]
    topic = world.client("sns").create_topic(Name="left")["TopicArn"]
    template = replace(
        TEMPLATE,
        resources={
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "left"}},
            "Other": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "nowhere"}},
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "left"}},
        },
    )

    found = [one for one in findings(world, template) if one.id == "leftovers"]

    assert {one.command for one in found} == {
        f"aws sqs delete-queue --queue-url {queue}",
        f"aws sns delete-topic --topic-arn {topic}",
    }
