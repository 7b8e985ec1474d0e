"""What moto's EventBridge does as it is shipped, in a cloud without other rules.

A failure here says that upstream has moved; laptop.events and laptop.schedules close
the gap.
"""

import json

from modelwharf.laptop.overrides import as_shipped
from tests.unit.laptop.core.world import ACCOUNT, REGION, World
from tests.waiting import until


def queue(world: World) -> tuple[str, str]:
    """The URL and the ARN of a new queue."""
    name = world.name("queue")
    url: str = world.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    return url, f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def received(world: World, url: str) -> str:
    """The body of the next message of a queue."""
    found = until(lambda: world.client("sqs").receive_message(QueueUrl=url).get("Messages"))
    return str(found[0]["Body"])


def test_stock_moto_offers_every_event_to_a_rule_that_has_a_schedule_only(world: World) -> None:
    url, arn = queue(world)
    events, name = world.client("events"), world.name("rule")
    events.put_rule(Name=name, ScheduleExpression="rate(1 day)")
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])
    entry = {"Source": "app.any", "DetailType": "t", "Detail": "{}"}
    with as_shipped():
        events.put_events(Entries=[entry])
    assert json.loads(received(world, url))["source"] == "app.any"
    events.remove_targets(Rule=name, Ids=["1"])


def test_stock_moto_loses_the_event_of_a_new_object_where_a_function_should_hear_it(
    world: World,
) -> None:
    url, arn = queue(world)
    function = world.arn(world.function("def handler(event, context): pass"))
    events, name = world.client("events"), world.name("rule")
    events.put_rule(Name=name, EventPattern=json.dumps({"source": ["aws.s3"]}))
    targets = [{"Id": "1", "Arn": function}, {"Id": "2", "Arn": arn}]
    events.put_targets(Rule=name, Targets=targets)
    s3, bucket = world.client("s3"), world.name("bucket")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    with as_shipped():  # which delivers before it answers, if at all
        s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert "Messages" not in world.client("sqs").receive_message(QueueUrl=url)


def test_stock_moto_takes_a_schedule_that_would_never_run(world: World) -> None:
    with as_shipped():
        world.client("events").put_rule(Name="never", ScheduleExpression="cron(61 * * * ? *)")
