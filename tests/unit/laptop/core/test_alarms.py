"""Metric alarms: judged by what the services publish, and told to topics that let them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto.cloudwatch.models import Alarm

from modelwharf.laptop import alarms
from tests.unit.laptop.core.world import ACCOUNT, REGION, World, allow
from tests.waiting import until


def alarm(**changes: Any) -> Alarm:
    """What judging asks of an alarm."""
    settings: dict[str, Any] = dict.fromkeys(
        (
            *("metric_data_queries", "datapoints_to_alarm", "extended_statistic", "ok_actions"),
            *("insufficient_data_actions", "unit", "evaluate_low_sample_count_percentile"),
            *("threshold_metric_id", "rule"),
        )
    )
    settings |= {
        "account_id": ACCOUNT,
        "region_name": REGION,
        "name": "a",
        "namespace": "n",
        "metric_name": "m",
        "comparison_operator": "GreaterThanOrEqualToThreshold",
        "evaluation_periods": 1,
        "period": 60,
        "threshold": 5.0,
        "statistic": "Sum",
        "description": "",
        "dimensions": [],
        "alarm_actions": [],
        "actions_enabled": True,
        "treat_missing_data": "notBreaching",
    }
    return Alarm(**settings | changes)


@pytest.mark.parametrize(
    ("changes", "newest", "state"),
    [
        ({}, [5.0, None], "ALARM"),
        ({}, [None, 5.0], "ALARM"),  # it came at the very end of the period before
        ({}, [4.9, 4.9], "OK"),
        ({}, [None, None], "OK"),
        ({"comparison_operator": "GreaterThanThreshold"}, [5.0, 5.0], "OK"),
        ({"comparison_operator": "LessThanThreshold"}, [4.0, None], "ALARM"),
        ({"evaluation_periods": 3}, [9.0, 9.0, None, 9.0], "OK"),
        ({"evaluation_periods": 3}, [None, 9.0, 9.0, 9.0], "ALARM"),
        ({"evaluation_periods": 3, "datapoints_to_alarm": 2}, [9.0, None, 9.0, None], "ALARM"),
        ({"treat_missing_data": "breaching"}, [None, 4.0], "ALARM"),
        ({"treat_missing_data": "missing"}, [None, None], "INSUFFICIENT_DATA"),
        ({"treat_missing_data": "ignore"}, [None, None], "OK"),
    ],
)
def test_an_alarm_is_judged_by_its_newest_periods(
    changes: dict[str, Any], newest: list[float | None], state: str
) -> None:
    assert alarms.judge(alarm(**changes), newest)[0] == state


def put_alarm(world: World, topic: str, **metric: Any) -> str:
    name = world.name("alarm")
    world.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        AlarmDescription="Something failed: type `wharf show`.",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=[topic],
        **metric,
    )
    return name


def subscribed(world: World) -> tuple[str, str]:
    """A topic, and the queue that hears it."""
    name = world.name("people")
    topic: str = world.client("sns").create_topic(Name=name)["TopicArn"]
    url: str = world.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    world.client("sns").subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}",
        Attributes={"RawMessageDelivery": "true"},
    )
    return topic, url


def let_alarms(world: World, topic: str) -> None:
    statement = allow(
        "sns:Publish",
        topic,
        Principal={"Service": "cloudwatch.amazonaws.com"},
        Condition={"ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:*"}},
    )
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    world.client("sns").set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=policy
    )


def heard(world: World, url: str) -> Any:
    found = world.client("sqs").receive_message(QueueUrl=url).get("Messages")
    return json.loads(found[0]["Body"]) if found else None


def state(world: World, name: str) -> str:
    found = world.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return str(found[0]["StateValue"])


def test_a_function_that_fails_raises_its_alarm_which_tells_and_ends(world: World) -> None:
    topic, url = subscribed(world)
    let_alarms(world, topic)
    function = world.function("def handler(event, context): raise ValueError('no')")
    name = put_alarm(
        world,
        topic,
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Statistic="Sum",
        Dimensions=[{"Name": "FunctionName", "Value": function}],
    )
    world.invoke(function)
    now = datetime.now(UTC)

    alarms.evaluate(world.cloud, now)

    assert state(world, name) == "ALARM"
    message = until(lambda: heard(world, url))
    assert (message["AlarmName"], message["NewStateValue"]) == (name, "ALARM")
    assert message["AlarmDescription"] == "Something failed: type `wharf show`."

    def is_over() -> bool:  # the cloud looks by itself, too, and at the true time
        alarms.evaluate(world.cloud, now + timedelta(minutes=3))
        return state(world, name) == "OK"

    until(is_over)


def test_a_queue_that_is_not_empty_raises_an_alarm(world: World) -> None:
    topic, _ = subscribed(world)
    queue = world.name("lost")
    url = world.client("sqs").create_queue(QueueName=queue)["QueueUrl"]
    name = put_alarm(
        world,
        topic,
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Statistic="Maximum",
        Dimensions=[{"Name": "QueueName", "Value": queue}],
    )
    alarms.evaluate(world.cloud, datetime.now(UTC))
    assert state(world, name) == "OK"

    world.client("sqs").send_message(QueueUrl=url, MessageBody="m")
    alarms.evaluate(world.cloud, datetime.now(UTC))
    assert state(world, name) == "ALARM"


def test_a_state_that_is_set_tells_only_topics_whose_policy_lets_the_alarm(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    topic, url = subscribed(world)
    name = put_alarm(world, topic, Namespace="Team", MetricName="m", Statistic="Sum", Dimensions=[])
    cloudwatch = world.client("cloudwatch")

    def set_state(value: str) -> None:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=value, StateReason="by hand")

    set_state("ALARM")
    until(lambda: f"alarm {name} could not tell {topic}" in caplog.text)
    set_state("OK")
    let_alarms(world, topic)
    set_state("ALARM")
    assert until(lambda: heard(world, url))["NewStateReason"] == "by hand"
