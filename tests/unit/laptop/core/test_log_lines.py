"""Lines that services write to CloudWatch Logs."""

from modelwharf.laptop import logs
from tests.unit.laptop.core.world import World


def written(world: World, group: str, stream: str) -> list[str]:
    found = world.client("logs").get_log_events(
        logGroupName=group, logStreamName=stream, startFromHead=True
    )
    return [event["message"] for event in found["events"]]


def test_lines_are_appended_in_order_and_group_and_stream_made_when_missing(world: World) -> None:
    logs.put_lines(world.cloud, "/aws/new", "stream", ["one", "two"])
    logs.put_lines(world.cloud, "/aws/new", "stream", ["", "three"])
    assert written(world, "/aws/new", "stream") == ["one", "two", "three"]


def test_a_group_of_the_template_keeps_its_retention(world: World) -> None:
    client = world.client("logs")
    client.create_log_group(logGroupName="/aws/kept")
    client.put_retention_policy(logGroupName="/aws/kept", retentionInDays=7)
    logs.put_lines(world.cloud, "/aws/kept", "stream", ["line"])
    (group,) = client.describe_log_groups(logGroupNamePrefix="/aws/kept")["logGroups"]
    assert group["retentionInDays"] == 7


def test_a_line_beyond_the_limit_of_an_event_is_cut(world: World) -> None:
    logs.put_lines(world.cloud, "/aws/long", "stream", ["ö" * logs.EVENT_LIMIT])
    (line,) = written(world, "/aws/long", "stream")
    assert len(line.encode()) == logs.EVENT_LIMIT
