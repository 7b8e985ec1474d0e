"""EventBridge's targets beside functions: log groups, archives, buses and dead-letter queues."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.unit.laptop.core.test_event_delivery import rule
from tests.unit.laptop.core.world import ACCOUNT, REGION, World, allow
from tests.waiting import until

EVENTS = "events.amazonaws.com"
DEFAULT_BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"


def put(world: World, source: str, detail: dict[str, Any] | None = None, bus: str = "") -> None:
    entry = {"Source": source, "DetailType": "t", "Detail": json.dumps(detail or {"n": 1})}
    answer = world.client("events").put_events(
        Entries=[{**entry, **({"EventBusName": bus} if bus else {})}]
    )
    assert answer["FailedEntryCount"] == 0


def log_group(world: World) -> tuple[str, str]:
    name = f"/aws/events/{world.name('group')}"
    world.client("logs").create_log_group(logGroupName=name)
    return name, f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}"


def lines(world: World, group: str) -> list[Any]:
    found = world.client("logs").filter_log_events(logGroupName=group)["events"]
    return [json.loads(event["message"]) for event in found]


def queue(world: World) -> tuple[str, str]:
    url = world.client("sqs").create_queue(QueueName=world.name("queue"))["QueueUrl"]
    return url, f"arn:aws:sqs:{REGION}:{ACCOUNT}:{url.rsplit('/', 1)[-1]}"


def received(world: World, url: str) -> list[dict[str, Any]]:
    answer = world.client("sqs").receive_message(QueueUrl=url, MessageAttributeNames=["All"])
    found: list[dict[str, Any]] = answer.get("Messages", [])
    return found


def test_a_log_group_takes_events_once_a_resource_policy_lets_them(world: World) -> None:
    group, arn = log_group(world)
    url, dead_letters = queue(world)
    rule_arn = rule(world, {"Arn": arn, "DeadLetterConfig": {"Arn": dead_letters}}, "app.logged")
    world.queue_policy(url, dead_letters, rule_arn)
    put(world, "app.logged", {"n": 0})
    (dead,) = until(lambda: received(world, url))
    attributes = {name: one["StringValue"] for name, one in dead["MessageAttributes"].items()}
    assert (attributes["RULE_ARN"], attributes["TARGET_ARN"]) == (rule_arn, arn)
    assert "logs:CreateLogStream" in attributes["ERROR_MESSAGE"]
    assert lines(world, group) == []

    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    statement = allow(actions, f"{arn}:*", Principal={"Service": EVENTS})
    world.client("logs").put_resource_policy(
        policyName="events",
        policyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    put(world, "app.logged", {"n": 1})
    (event,) = until(lambda: lines(world, group))
    assert (event["source"], event["detail"]) == ("app.logged", {"n": 1})


def test_an_archive_keeps_events_and_a_replay_offers_those_of_its_span_again(
    world: World,
) -> None:
    events = world.client("events")
    url, arn = queue(world)
    world.queue_policy(url, arn, rule(world, {"Arn": arn}, "app.archived"))
    archive = events.create_archive(
        ArchiveName=world.name("archive"),
        EventSourceArn=DEFAULT_BUS,
        EventPattern=json.dumps({"source": ["app.archived"]}),
    )["ArchiveArn"]
    put(world, "app.archived", {"n": 7})
    put(world, "app.other")
    (first,) = until(lambda: received(world, url))
    name = archive.rsplit("/", 1)[-1]
    assert events.describe_archive(ArchiveName=name)["EventCount"] == 1

    def replay(start: str, end: str) -> None:
        events.start_replay(
            ReplayName=world.name("replay"),
            EventSourceArn=archive,
            EventStartTime=start,
            EventEndTime=end,
            Destination={"Arn": DEFAULT_BUS},
        )

    replay("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z")  # nothing of that span
    replay("2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z")
    (again,) = until(lambda: received(world, url))
    assert json.loads(again["Body"])["detail"] == json.loads(first["Body"])["detail"] == {"n": 7}
    assert json.loads(again["Body"])["replay-name"].startswith("replay-")


def test_a_bus_hands_events_to_another_bus_with_the_role_of_the_target(world: World) -> None:
    events = world.client("events")
    bus = events.create_event_bus(Name=world.name("bus"))["EventBusArn"]
    group, arn = log_group(world)
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    statement = allow(actions, f"{arn}:*", Principal={"Service": EVENTS})
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    world.client("logs").put_resource_policy(policyName="bus", policyDocument=document)
    name = world.name("rule")
    events.put_rule(Name=name, EventBusName=bus, EventPattern='{"source": ["app.far"]}')
    events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "1", "Arn": arn}])

    role = world.role(allow("events:PutEvents", bus), service=EVENTS)
    rule(world, {"Arn": bus, "RoleArn": role}, "app.far")
    put(world, "app.far", {"n": 3})
    (event,) = until(lambda: lines(world, group))
    assert (event["source"], event["detail"]) == ("app.far", {"n": 3})


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ({"Arn": f"arn:aws:batch:{REGION}:{ACCOUNT}:job-queue/q"}, "cannot deliver events to"),
        ({"Arn": f"arn:aws:events:{REGION}:{ACCOUNT}:api-destination/d/1"}, "event buses"),
        ({"Arn": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:m"}, "RoleArn is required"),
        ({"Arn": DEFAULT_BUS}, "RoleArn is required"),
        ({"Arn": "nothing"}, "Arn is not in correct format"),
    ],
)
def test_a_target_that_nothing_reaches_is_refused_when_it_is_put(
    world: World, target: dict[str, str], words: str
) -> None:
    with pytest.raises(ClientError, match=words):
        rule(world, target, "app.refused")


def test_a_template_makes_buses_archives_and_policies_of_logs(world: World, tmp_path: Path) -> None:
    statement = allow("logs:PutLogEvents", "*", Principal={"Service": EVENTS})
    resources = {
        "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "team"}},
        "Archive": {
            "Type": "AWS::Events::Archive",
            "Properties": {
                "SourceArn": {"Fn::GetAtt": ["Bus", "Arn"]},
                "EventPattern": {"source": ["team.app"]},
                "RetentionDays": 3,
            },
        },
        "Policy": {
            "Type": "AWS::Logs::ResourcePolicy",
            "Properties": {
                "PolicyName": "team",
                "PolicyDocument": json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
            },
        },
    }
    outputs = world.deploy(resources, tmp_path, Outputs={"Archive": {"Value": {"Ref": "Archive"}}})
    put(world, "team.app", bus="team")
    archive = world.client("events").describe_archive(ArchiveName=outputs["Archive"])
    assert (archive["EventCount"], archive["RetentionDays"]) == (1, 3)
    policies = world.client("logs").describe_resource_policies()["resourcePolicies"]
    assert "team" in [policy["policyName"] for policy in policies]


def test_each_object_s_event_has_an_id_of_its_own(world: World) -> None:
    s3, bucket = world.client("s3"), world.name("bucket")
    place = {"LocationConstraint": REGION}
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    url, arn = queue(world)
    name = world.name("rule")
    pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"]}
    made = world.client("events").put_rule(Name=name, EventPattern=json.dumps(pattern))
    world.client("events").put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])
    world.queue_policy(url, arn, made["RuleArn"])
    found: list[Any] = []
    for key in ("a", "b"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
        (message,) = until(lambda: received(world, url))
        found.append(json.loads(message["Body"]))
        world.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert [event["detail"]["object"]["key"] for event in found] == ["a", "b"]
    assert found[0]["id"] != found[1]["id"]
    sequencers = [event["detail"]["object"]["sequencer"] for event in found]
    assert sequencers == sorted(set(sequencers))


def test_stock_motos_refusals_come_before_ours(world: World) -> None:
    events = world.client("events")
    far = {"Id": "1", "Arn": f"arn:aws:batch:{REGION}:{ACCOUNT}:job-queue/q"}
    with pytest.raises(ClientError, match=r"\(ResourceNotFoundException\)"):
        events.put_targets(Rule="nobody-made-it", Targets=[far])
    with pytest.raises(ClientError, match="Provided Arn is not in correct format"):
        events.put_targets(Rule="nobody-made-it", Targets=[{"Id": "1", "Arn": "nothing"}])


def test_an_archive_keeps_the_events_of_its_own_region(world: World) -> None:
    far = boto3.client(
        "events",
        region_name="us-west-2",
        endpoint_url=world.cloud.url,
        aws_access_key_id=world.cloud.root_key.access_key_id,
        aws_secret_access_key=world.cloud.root_key.secret_access_key,
    )
    bus = DEFAULT_BUS.replace(REGION, "us-west-2")
    far.create_archive(ArchiveName="far", EventSourceArn=bus)
    far.put_events(Entries=[{"Source": "app.far-away", "DetailType": "t", "Detail": "{}"}])
    assert far.describe_archive(ArchiveName="far")["EventCount"] == 1
