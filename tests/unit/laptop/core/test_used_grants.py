"""The record of the grants that calls needed, of a template's own roles."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.cloudformation.models import cloudformation_backends

from modelwharf.contracts.laptop import USED_GRANTS
from modelwharf.laptop.iam.used_grants import UsedGrants
from tests.unit.laptop.core.world import ACCOUNT, REGION, World, allow

TRUST = {
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ]
}
TOPIC = {"Ref": "Topic"}
PUBLISH = {"role": "Reader", "action": "sns:Publish", "resource": TOPIC}
ON_TOPIC = {**allow("sns:Publish"), "Resource": TOPIC}
READ = {"role": "Reader", "action": "ssm:GetParameter", "resource": "*"}


@pytest.fixture
def noted(world: World, tmp_path: Path) -> Iterator[Path]:
    """The folder of the record that the world's cloud keeps during one test."""
    folder = tmp_path / "grants"
    world.cloud.used_grants = UsedGrants(folder)
    yield folder
    world.cloud.used_grants = None


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for file in folder.iterdir() for line in file.read_text().splitlines()]


def deployed(world: World, directory: Path, *statements: dict[str, Any]) -> Any:
    """Calls with a role of a template; returns the client factory and the topic's ARN."""
    policy = {
        "PolicyName": "Grants",
        "PolicyDocument": {"Version": "2012-10-17", "Statement": list(statements)},
    }
    properties = {"AssumeRolePolicyDocument": TRUST, "Policies": [policy]}
    outputs = world.deploy(
        {
            "Topic": {"Type": "AWS::SNS::Topic"},
            "Reader": {"Type": "AWS::IAM::Role", "Properties": properties},
        },
        directory,
        Outputs={
            "Topic": {"Value": TOPIC},
            "Role": {"Value": {"Fn::GetAtt": ["Reader", "Arn"]}},
        },
    )
    return outputs["Role"], outputs["Topic"]


def test_a_grant_that_a_call_needed_is_written_once_as_the_template_has_it(
    world: World, noted: Path, tmp_path: Path
) -> None:
    role, topic = deployed(world, tmp_path, allow("ssm:GetParameter"), ON_TOPIC)
    for message in ("one", "two"):
        world.client("sns", role).publish(TopicArn=topic, Message=message)

    told, used = lines(noted)
    assert told["grants"] == [READ, PUBLISH]
    assert used == {"used": PUBLISH}


def test_two_grants_that_allow_the_same_are_both_not_needed(
    world: World, noted: Path, tmp_path: Path
) -> None:
    role, topic = deployed(world, tmp_path, ON_TOPIC, allow("sns:Publish"))
    world.client("sns", role).publish(TopicArn=topic, Message="m")

    assert [line for line in lines(noted) if "used" in line] == []


def test_what_is_refused_or_no_template_s_is_not_written(
    world: World, noted: Path, tmp_path: Path
) -> None:
    role, topic = deployed(world, tmp_path, allow("ssm:GetParameter"))
    with pytest.raises(ClientError):
        world.client("sns", role).publish(TopicArn=topic, Message="m")
    by_hand = world.role(allow("sns:Publish"))
    world.client("sns", by_hand).publish(TopicArn=topic, Message="m")

    assert list(noted.iterdir()) == []


def test_a_call_before_its_stack_is_complete_is_written_later(
    world: World, noted: Path, tmp_path: Path
) -> None:
    """As when Step Functions asks, with the machine's role, while the machine is made."""
    role, topic = deployed(world, tmp_path, ON_TOPIC, allow("sns:ListTopics"))
    stacks = cloudformation_backends[ACCOUNT][REGION].stacks.values()
    stack = list(stacks)[-1]
    held, stack.resource_map._parsed_resources = stack.resource_map._parsed_resources, {}
    world.client("sns", role).publish(TopicArn=topic, Message="m")
    stack.resource_map._parsed_resources = held
    assert list(noted.iterdir()) == []

    world.client("sns", role).list_topics()

    assert {"used": PUBLISH} in lines(noted)


def test_nothing_is_recorded_unless_a_folder_is_named(tmp_path: Path) -> None:
    assert UsedGrants.wanted({}) is None
    assert UsedGrants.wanted({USED_GRANTS: str(tmp_path)}) is not None
