"""Searching the logs, as people and `aws logs tail` do."""

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.laptop.core.world import ACCOUNT, REGION, World


@pytest.fixture
def group(world: World) -> str:
    """Three streams; the newest line is in the first."""
    name, client = f"/aws/{world.name('searched')}", world.client("logs")
    client.create_log_group(logGroupName=name)
    now = int(time.time() * 1000)
    for stream, message, age in [("a/1", "third", 0), ("b/1", "second", 10), ("a/2", "first", 20)]:
        client.create_log_stream(logGroupName=name, logStreamName=stream)
        event = {"timestamp": now - age, "message": message}
        client.put_log_events(logGroupName=name, logStreamName=stream, logEvents=[event])
    return name


def found(world: World, **asked: Any) -> list[str]:
    answer = world.client("logs").filter_log_events(**asked)
    return [event["message"] for event in answer["events"]]


def test_the_lines_of_all_streams_come_in_the_order_of_time(world: World, group: str) -> None:
    assert found(world, logGroupName=group) == ["first", "second", "third"]


@pytest.mark.parametrize(("prefix", "lines"), [("a/", ["first", "third"]), ("c", [])])
def test_a_prefix_chooses_the_streams(
    world: World, group: str, prefix: str, lines: list[str]
) -> None:
    assert found(world, logGroupName=group, logStreamNamePrefix=prefix) == lines


def test_a_group_may_be_named_by_its_arn(world: World, group: str) -> None:
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}"
    assert found(world, logGroupIdentifier=arn, logStreamNames=["b/1"]) == ["second"]


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"logGroupName": "g", "logGroupIdentifier": "g"},
        {"logGroupName": "g", "logStreamNames": ["s"], "logStreamNamePrefix": "s"},
    ],
)
def test_parameters_that_contradict_each_other_are_refused(
    world: World, asked: dict[str, Any]
) -> None:
    with pytest.raises(ClientError, match="InvalidParameterException"):
        found(world, **asked)


def test_a_prefix_in_a_group_that_is_not_there_is_not_found(world: World) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        found(world, logGroupName="/aws/nowhere", logStreamNamePrefix="a")
