"""CloudWatch's metric alarms: judged every few seconds, with a message to topics at each change.

Stock moto stores alarms and the states that are set, and acts on neither. Metric math and anomaly
bands are not judged here. A percentile is judged by the maximum, because the services' metrics are
kept as one set of values per minute.
"""

import json
import logging
import operator
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.cloudwatch.models import (
    Alarm,
    MetricDatumBase,
    Statistics,
    cloudwatch_backends,
)
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from modelwharf.laptop import iam, metrics
from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.overrides import replace, stock

log = logging.getLogger(__name__)

PRINCIPAL = "cloudwatch.amazonaws.com"
TICK = 5.0  # seconds
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
OK, ALARM, UNKNOWN = "OK", "ALARM", "INSUFFICIENT_DATA"


def install(cloud: Cloud) -> None:
    """Act on every change of an alarm's state, and check the alarms every few seconds."""
    stock_update_state = stock(Alarm, "update_state")

    def update_state(self: Alarm, reason: str, reason_data: str, state_value: str) -> None:
        before = self.state_value
        stock_update_state(self, reason, reason_data, state_value)
        if state_value != before and self.actions_enabled:
            cloud.workers.submit(_tell, cloud, self, before)

    replace(Alarm, "update_state", update_state)
    threading.Thread(target=_run, args=(cloud,), daemon=True, name="alarms").start()


def _run(cloud: Cloud) -> None:
    while not cloud.stopping.wait(TICK):
        try:
            evaluate(cloud, datetime.now(UTC))
        except Exception:
            log.exception("the alarms could not be evaluated")


def evaluate(cloud: Cloud, now: datetime) -> None:
    """Evaluate every alarm over the newest periods of its metric."""
    _measure_queues(cloud)
    backend = cloudwatch_backends[cloud.account][cloud.region]
    alarms = [
        alarm
        for alarm in list(backend.alarms.values())
        if not alarm.metric_data_queries and alarm.comparison_operator in COMPARISONS
    ]
    longest = max((alarm.period * (alarm.evaluation_periods + 2) for alarm in alarms), default=0)
    first = now - timedelta(seconds=longest)
    recent = [one for one in list(backend.metric_data) if _utc(one.timestamp) >= first]
    for alarm in alarms:
        state, reason = judge(alarm, _values(alarm, recent, now))
        if state != alarm.state_value:
            alarm.update_state(reason, "{}", state)


def judge(alarm: Alarm, newest: list[float | None]) -> tuple[str, str]:
    """Return the alarm's state and the reason. ``newest``: one value per period, running one first.

    ``newest`` has one period more than the alarm evaluates, because a value may arrive at the very
    end of a period.
    """
    periods = int(alarm.evaluation_periods)
    needed = int(alarm.datapoints_to_alarm or periods)
    breaches = COMPARISONS[alarm.comparison_operator]
    missing = alarm.treat_missing_data or "missing"
    for start in (0, 1):
        values = newest[start : start + periods]
        over = [one for one in values if one is not None and breaches(one, alarm.threshold)]
        absent = values.count(None) if missing == "breaching" else 0
        if len(over) + absent >= needed:
            return ALARM, (
                f"Threshold Crossed: {len(over)} datapoints {over} and {absent} missing ones were "
                f"{alarm.comparison_operator} ({alarm.threshold})."
            )
    if all(one is None for one in newest):
        if missing == "missing":
            return UNKNOWN, "Insufficient Data: no datapoint was received."
        if missing == "ignore":
            return alarm.state_value, alarm.state_reason
    return OK, f"Threshold Crossed: no datapoint was {alarm.comparison_operator}."


def _values(alarm: Alarm, recent: list[MetricDatumBase], now: datetime) -> list[float | None]:
    length = timedelta(seconds=int(alarm.period))
    running = now.timestamp() // length.total_seconds() * length.total_seconds()
    dimensions = sorted(alarm.dimensions)
    data = [
        one
        for one in recent
        if (one.namespace, one.name) == (alarm.namespace, alarm.metric_name)
        and sorted(one.dimensions) == dimensions
    ]
    starts = [
        datetime.fromtimestamp(running, UTC) - number * length
        for number in range(int(alarm.evaluation_periods) + 1)
    ]
    return [_statistic(alarm, data, start, start + length) for start in starts]


def _statistic(
    alarm: Alarm, data: list[MetricDatumBase], start: datetime, end: datetime
) -> float | None:
    kind = alarm.statistic or "Maximum"
    found = Statistics([kind], start)
    found.metric_data = [one for one in data if start <= _utc(one.timestamp) < end]
    if not found.metric_data:
        return None
    value = found.get_statistics_for_type(kind)
    return None if value is None else float(value)


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _measure_queues(cloud: Cloud) -> None:
    """Count each queue's receivable messages, which SQS publishes every minute."""
    for queue in list(sqs_backends[cloud.account][cloud.region].queues.values()):
        visible = float(queue.approximate_number_of_messages)
        values = {("ApproximateNumberOfMessagesVisible", "Count"): visible}
        metrics.add(cloud, "AWS/SQS", {"QueueName": queue.name}, values)


def _tell(cloud: Cloud, alarm: Alarm, before: str) -> None:
    """Publish to the state's topics whose policies allow this alarm."""
    actions = {
        ALARM: alarm.alarm_actions,
        OK: alarm.ok_actions,
        UNKNOWN: alarm.insufficient_data_actions,
    }
    subject = f'{alarm.state_value}: "{alarm.name}" in {cloud.region}'
    for topic in actions[alarm.state_value] or []:
        try:
            iam.require_service_access(
                cloud, PRINCIPAL, "sns:Publish", topic, source_arn=alarm.alarm_arn
            )
            text = json.dumps(_message(cloud, alarm, before))
            backend = sns_backends[cloud.account][cloud.region]
            backend.publish(message=text, arn=topic, subject=subject[:100])
        except Exception as error:  # AWS shows it in the alarm's history
            log.error("alarm %s could not tell %s: %s", alarm.name, topic, error)


def _message(cloud: Cloud, alarm: Alarm, before: str) -> dict[str, Any]:
    """The message that CloudWatch publishes. An e-mail holds the same facts as text."""
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": cloud.account,
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
        "StateChangeTime": alarm.state_updated_timestamp.isoformat(),
        "Region": cloud.region,
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": before,
        "OKActions": alarm.ok_actions,
        "AlarmActions": alarm.alarm_actions,
        "InsufficientDataActions": alarm.insufficient_data_actions,
        "Trigger": {
            "MetricName": alarm.metric_name,
            "Namespace": alarm.namespace,
            "Dimensions": [{"name": one.name, "value": one.value} for one in alarm.dimensions],
            "Period": alarm.period,
            "EvaluationPeriods": alarm.evaluation_periods,
            "ComparisonOperator": alarm.comparison_operator,
            "Threshold": alarm.threshold,
        },
    }
