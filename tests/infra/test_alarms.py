"""What raises an alarm, and whom it tells."""

import json
import re
from pathlib import Path

import pytest

from tests.infra import cdk
from tests.infra.template import Resource, Template

PREFIX = "modelwharf-oil-price-"
PAGE = (Path(__file__).parents[2] / "docs" / "alarms.md").read_text()
MACHINE = {"StateMachineArn": "<WorkflowRelease>"}
QUEUE = {"QueueName": "<DeadLettersQueue.QueueName>"}
ENDPOINT = {"EndpointName": "oil-price", "VariantName": "champion"}
STARTS = {"FunctionName": "<FunctionsStartRelease>"}
RESUMES = {"FunctionName": "<FunctionsResumeRelease>"}
REFRESHES = {"FunctionName": "<FunctionsRefreshData>"}
# Namespace, metric, dimensions, statistic, threshold, seconds, periods in a row.
Watched = tuple[str, str, dict[str, str], str, float, int, int]
WATCHED: dict[str, Watched] = {
    "release-failed": ("AWS/States", "ExecutionsFailed", MACHINE, "Sum", 1, 60, 1),
    "release-timed-out": ("AWS/States", "ExecutionsTimedOut", MACHINE, "Sum", 1, 60, 1),
    "release-stopped": ("AWS/States", "ExecutionsAborted", MACHINE, "Sum", 1, 60, 1),
    "endpoint-errors": ("AWS/SageMaker", "Invocation5XXErrors", ENDPOINT, "Sum", 1, 300, 1),
    "endpoint-latency": ("AWS/SageMaker", "ModelLatency", ENDPOINT, "p99", 5_000_000, 300, 3),
    "events-lost": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", QUEUE, "Maximum", 1, 60, 1),
    "start-release-errors": ("AWS/Lambda", "Errors", STARTS, "Sum", 1, 300, 1),
    "start-release-throttles": ("AWS/Lambda", "Throttles", STARTS, "Sum", 1, 300, 1),
    "resume-release-errors": ("AWS/Lambda", "Errors", RESUMES, "Sum", 1, 300, 1),
    "resume-release-throttles": ("AWS/Lambda", "Throttles", RESUMES, "Sum", 1, 300, 1),
    "refresh-data-errors": ("AWS/Lambda", "Errors", REFRESHES, "Sum", 1, 300, 1),
    "refresh-data-throttles": ("AWS/Lambda", "Throttles", REFRESHES, "Sum", 1, 300, 1),
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
        watched[name] = (
            found["Namespace"],
            found["MetricName"],
            {one["Name"]: one["Value"] for one in found["Dimensions"]},
            found.get("Statistic") or found["ExtendedStatistic"],
            found["Threshold"],
            found["Period"],
            found["EvaluationPeriods"],
        )

    assert watched == WATCHED


def test_every_alarm_tells_people_and_no_data_is_not_an_alarm(alarms: dict[str, Resource]) -> None:
    for alarm in alarms.values():
        assert alarm.properties["AlarmActions"] == ["<TopicsNotifications>"]
        assert alarm.properties["TreatMissingData"] == "notBreaching"
        assert alarm.properties["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"


def test_every_alarm_says_what_to_type(alarms: dict[str, Resource]) -> None:
    for alarm in alarms.values():
        assert re.search(r"`wharf |: aws ", alarm.properties["AlarmDescription"]), alarm.name


def test_the_alarm_of_a_function_names_its_own_log(alarms: dict[str, Resource]) -> None:
    for name in ("start-release", "resume-release", "refresh-data"):
        text = alarms[f"{name}-errors"].properties["AlarmDescription"]
        assert f"--log-group-name /aws/lambda/{PREFIX}{name} " in text


def test_the_page_lists_every_alarm_and_no_other(alarms: dict[str, Resource]) -> None:
    assert re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE) == list(WATCHED)
    assert set(alarms) == set(WATCHED)


def test_a_release_that_was_overtaken_fails_no_execution() -> None:
    definition = json.loads(cdk.DEFINITION.read_text())

    assert definition["States"]["Superseded"]["Type"] == "Succeed"


def test_the_dashboard_shows_every_alarm(template: Template) -> None:
    body = json.dumps(template.one("AWS::CloudWatch::Dashboard").properties["DashboardBody"])

    for alarm in template.of_type("AWS::CloudWatch::Alarm"):
        assert f"<{alarm.name}.Arn>" in body


def test_the_latency_that_raises_an_alarm_is_a_setting() -> None:
    assert cdk.Settings.from_environment({"WHARF_LATENCY_MS": "250"}).latency_ms == 250
    assert "`WHARF_LATENCY_MS`" in PAGE
