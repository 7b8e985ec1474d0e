"""Schedule expressions, and when their rules are due."""

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from modelwharf.laptop import schedules
from modelwharf.laptop.schedules import Clock, Cron, Rate, UnknownSchedule, parse_schedule
from tests.unit.laptop.core.world import World
from tests.waiting import until

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [
        ("rate(1 minute)", 60),
        ("rate(5 minutes)", 300),
        ("rate(1 hour)", 3600),
        ("rate(2 days)", 172800),
    ],
)
def test_a_rate_is_a_number_of_seconds(expression: str, seconds: int) -> None:
    assert parse_schedule(expression) == Rate(seconds)


@pytest.mark.parametrize(
    ("expression", "due"),
    [
        ("cron(0 12 * * ? *)", True),
        ("cron(1 12 * * ? *)", False),
        ("cron(0 12 ? * MON-FRI *)", True),
        ("cron(0 12 ? * TUE-SAT *)", False),
        ("cron(0 12 ? * 2 *)", True),
        ("cron(0/15 * * * ? *)", True),
        ("cron(7/15 * * * ? *)", False),
        ("cron(0 8,12 2 MAR ? 2026)", True),
        ("cron(0 12 2 MAR ? 2027)", False),
    ],
)
def test_a_cron_expression_is_due_at_its_minutes_in_utc(expression: str, due: bool) -> None:
    schedule = parse_schedule(expression)
    assert isinstance(schedule, Cron)
    assert schedule.matches(NOON) is due


@pytest.mark.parametrize(
    "expression",
    [
        "rate(0 minutes)",
        "rate(5 weeks)",
        "cron(* * *)",
        "cron(61 * * * ? *)",
        "cron(0 12 L * ? *)",
        "every day",
    ],
)
def test_an_expression_that_would_never_run_is_refused(expression: str) -> None:
    with pytest.raises(UnknownSchedule):
        parse_schedule(expression)


def test_a_rate_counts_from_when_the_rule_is_first_seen() -> None:
    clock, rate = Clock(), Rate(60)
    moments = [NOON + timedelta(seconds=second) for second in (0, 59, 60, 61, 120)]
    assert [clock.due("rule", rate, moment) for moment in moments] == [
        False,
        False,
        True,
        False,
        True,
    ]


def test_a_cron_rule_is_due_once_in_its_minute() -> None:
    clock, cron = Clock(), parse_schedule("cron(* * * * ? *)")
    moments = [NOON + timedelta(seconds=second) for second in (0, 1, 59, 60)]
    assert [clock.due("rule", cron, moment) for moment in moments] == [True, False, False, True]


def test_a_rule_that_is_due_sends_a_scheduled_event_to_its_targets(world: World) -> None:
    sqs = world.client("sqs")
    queue = sqs.create_queue(QueueName="ticks")["QueueUrl"]
    events = world.client("events")
    rule = events.put_rule(Name="tick", ScheduleExpression="rate(1 day)")["RuleArn"]
    arn = "arn:aws:sqs:eu-west-1:123456789012:ticks"
    world.queue_policy(queue, arn, rule)
    events.put_targets(Rule="tick", Targets=[{"Id": "1", "Arn": arn, "InputPath": "$.resources"}])
    clock = Clock()
    now = datetime.now(UTC)
    schedules.tick(world.cloud, clock, now)
    schedules.tick(world.cloud, clock, now + timedelta(days=1))
    (message,) = until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))
    assert message["Body"] == f'["{rule}"]'
    events.disable_rule(Name="tick")
    schedules.tick(world.cloud, clock, now + timedelta(days=2))
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)


def test_a_rule_with_a_schedule_that_is_not_known_cannot_be_made(world: World) -> None:
    with pytest.raises(ClientError, match="rate\\(5 weeks\\)"):
        world.client("events").put_rule(Name="never", ScheduleExpression="rate(5 weeks)")
