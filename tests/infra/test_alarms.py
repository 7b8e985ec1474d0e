"""What raises an alarm, and whom it tells."""

import pytest

from tests.infra.template import Resource, Template

PREFIX = "modelwharf-oil-price-"
WATCHED = {
    "release-failed": ("AWS/States", "ExecutionsFailed", "StateMachineArn", "<WorkflowRelease>", 1),
    "events-lost": (
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        "QueueName",
        "<DeadLettersQueue.QueueName>",
        1,
    ),
}


@pytest.fixture
def alarms(template: Template) -> dict[str, Resource]:
    return {
        item.properties["AlarmName"].removeprefix(PREFIX): item
        for item in template.of_type("AWS::CloudWatch::Alarm")
    }


def test_every_alarm_watches_what_the_table_says(alarms: dict[str, Resource]) -> None:
    watched = {}
    for name, alarm in alarms.items():
        found = alarm.properties
        ((key, value),) = [(one["Name"], one["Value"]) for one in found["Dimensions"]]
        watched[name] = (found["Namespace"], found["MetricName"], key, value, found["Threshold"])

    assert watched == WATCHED


def test_every_alarm_tells_people_and_no_data_is_no_alarm(alarms: dict[str, Resource]) -> None:
    for alarm in alarms.values():
        assert alarm.properties["AlarmActions"] == ["<TopicsNotifications>"]
        assert alarm.properties["TreatMissingData"] == "notBreaching"
        assert alarm.properties["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"


def test_every_alarm_says_what_to_type(alarms: dict[str, Resource]) -> None:
    for alarm in alarms.values():
        assert "`wharf " in alarm.properties["AlarmDescription"], alarm.name
