"""EventBridge's rules and SNS's subscriptions deliver, when they may."""

import json
import threading
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
from botocore.exceptions import ClientError
from moto.sns.models import sns_backends

from modelwharf.laptop.events import target_input, transform, value_at
from modelwharf.laptop.overrides import as_shipped
from modelwharf.laptop.server import FAULTS_PATH
from tests.unit.laptop.core.world import ACCOUNT, REGION, World, allow
from tests.waiting import patience, until

EVENT = {
    "id": "e-1",
    "source": "aws.sagemaker",
    "detail": {"TrainingJobName": 'job "1"', "Steps": [{"n": 1}], "Seconds": 3},
}
KEEPING = """
    import json, pathlib, time, uuid
    def handler(event, context):
        folder = pathlib.Path({folder!r})
        part = folder / (str(time.time_ns()) + uuid.uuid4().hex + ".partial")
        part.write_text(json.dumps(event))
        part.rename(part.with_suffix(".json"))
"""


class Heard:
    """A function that keeps every event that it is called with, in the order of the calls."""

    def __init__(self, world: World, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir()
        self.name = world.function(KEEPING.format(folder=str(folder)))
        self.arn = world.arn(self.name)

    def events(self) -> list[Any]:
        return [json.loads(file.read_text()) for file in sorted(self.folder.glob("*.json"))]

    def one(self) -> Any:
        return until(self.events)[0]


def rule(world: World, target: dict[str, Any], source: str) -> str:
    """A rule for events of this source, with one target; its ARN."""
    events, name = world.client("events"), world.name("rule")
    arn: str = events.put_rule(Name=name, EventPattern=json.dumps({"source": [source]}))["RuleArn"]
    events.put_targets(Rule=name, Targets=[{"Id": "1", **target}])
    return arn


def listening(world: World, heard: Heard, source: str, **settings: Any) -> None:
    arn = rule(world, {"Arn": heard.arn, **settings}, source)
    world.permit(heard.name, "events.amazonaws.com", arn)


def test_an_event_that_a_service_emits_reaches_a_function(world: World, tmp_path: Path) -> None:
    heard = Heard(world, tmp_path / "heard")
    listening(world, heard, "aws.first")
    world.cloud.emit("aws.first", "Job Changed", {"Job": "j"}, ["arn:aws:x"])
    event = heard.one()
    assert (event["detail-type"], event["detail"]) == ("Job Changed", {"Job": "j"})
    assert (event["account"], event["region"], event["resources"]) == (
        ACCOUNT,
        REGION,
        ["arn:aws:x"],
    )
    assert len(event["time"]) == len("2026-01-01T00:00:00Z")


def test_an_event_that_is_put_reaches_a_function_and_only_its_own_rule(
    world: World, tmp_path: Path
) -> None:
    mine, other = Heard(world, tmp_path / "mine"), Heard(world, tmp_path / "other")
    listening(world, mine, "app.mine")
    listening(world, other, "app.other")
    entry = {"Source": "app.mine", "DetailType": "t", "Detail": '{"n": 1}'}
    assert world.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0
    event = mine.one()
    assert event["detail"] == {"n": 1}
    assert isinstance(event["time"], str)
    assert "ingestion-time" not in event
    assert other.events() == []


def test_a_function_that_does_not_permit_the_rule_is_not_called(
    world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    heard = Heard(world, tmp_path / "heard")
    rule(world, {"Arn": heard.arn}, "aws.second")
    world.cloud.emit("aws.second", "t", {}, [])
    until(lambda: "no resource-based policy allows it" in caplog.text)
    assert heard.events() == []


def test_a_rule_starts_a_state_machine_as_the_role_of_its_target(world: World) -> None:
    states = world.client("stepfunctions")
    machine = states.create_state_machine(
        name="started",
        definition=json.dumps({"StartAt": "S", "States": {"S": {"Type": "Succeed"}}}),
        roleArn=world.role(service="states.amazonaws.com"),
    )["stateMachineArn"]
    role = world.role(allow("states:StartExecution", machine), service="events.amazonaws.com")
    rule(world, {"Arn": machine, "RoleArn": role, "InputPath": "$.detail"}, "aws.third")
    world.cloud.emit("aws.third", "t", {"n": 3}, [])
    (found,) = until(lambda: states.list_executions(stateMachineArn=machine)["executions"])
    execution = states.describe_execution(executionArn=found["executionArn"])
    assert json.loads(execution["input"]) == {"n": 3}


def test_a_topic_takes_an_event_only_if_its_policy_lets_eventbridge(
    world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    heard = Heard(world, tmp_path / "heard")
    topic = subscribed(world, heard)
    rule(world, {"Arn": topic}, "aws.fourth")
    world.cloud.emit("aws.fourth", "t", {"n": 1}, [])
    until(lambda: "sns:Publish" in caplog.text)
    let_eventbridge_publish(world, topic)
    world.cloud.emit("aws.fourth", "t", {"n": 2}, [])
    assert json.loads(heard.one()["Records"][0]["Sns"]["Message"])["detail"] == {"n": 2}


@pytest.mark.parametrize("key", ["aws:SourceArn", "aws:SourceAccount"])
def test_a_topic_s_condition_on_the_source_never_lets_eventbridge(
    world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture, key: str
) -> None:
    heard = Heard(world, tmp_path / "heard")
    topic = subscribed(world, heard)
    source = f"aws.{world.name('source')}"
    arn = rule(world, {"Arn": topic}, source)
    value = {"aws:SourceArn": arn, "aws:SourceAccount": ACCOUNT}[key]
    let_eventbridge_publish(world, topic, Condition={"StringEquals": {key: value}})
    world.cloud.emit(source, "t", {}, [])
    until(lambda: "no resource-based policy allows it for an unnamed source" in caplog.text)
    assert heard.events() == []


def let_eventbridge_publish(world: World, topic: str, **more: Any) -> None:
    principal = {"Service": "events.amazonaws.com"}
    statement = allow("sns:Publish", topic, Principal=principal, **more)
    world.client("sns").set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps({"Statement": statement})
    )


def subscribed(world: World, heard: Heard) -> str:
    sns = world.client("sns")
    topic: str = sns.create_topic(Name=world.name("topic"))["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=heard.arn)
    world.permit(heard.name, "sns.amazonaws.com", topic)
    return topic


def test_a_target_of_a_kind_that_cannot_be_delivered_to_is_refused(world: World) -> None:
    with pytest.raises(ClientError, match=r"cannot deliver events to arn:aws:codebuild"):
        rule(world, {"Arn": f"arn:aws:codebuild:{REGION}:{ACCOUNT}:project/p"}, "aws.x")


def test_a_new_object_is_told_to_the_rules_of_a_bucket_that_announces_itself(
    world: World, tmp_path: Path
) -> None:
    heard = Heard(world, tmp_path / "heard")
    listening(world, heard, "aws.s3")
    s3 = world.client("s3")
    place = {"LocationConstraint": REGION}
    for bucket in ("silent", "announcing"):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
    s3.put_bucket_notification_configuration(
        Bucket="announcing", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    for bucket in ("silent", "announcing"):
        s3.put_object(Bucket=bucket, Key="series/wti.csv", Body=b"x")

    def created() -> list[Any]:  # moto tells of tags, too, where there are none
        return [event for event in heard.events() if event["detail-type"] == "Object Created"]

    (event,) = until(created)
    assert event["detail"]["bucket"]["name"] == "announcing"
    assert event["detail"]["object"]["key"] == "series/wti.csv"
    assert isinstance(event["time"], str)


def test_a_bucket_that_announces_its_objects_can_be_emptied_of_delete_markers_too(
    world: World, tmp_path: Path
) -> None:
    heard = Heard(world, tmp_path / "heard")
    listening(world, heard, "aws.s3")
    s3, bucket = world.client("s3"), world.name("emptied")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    s3.put_object(Bucket=bucket, Key="deleted.csv", Body=b"x")
    s3.delete_object(Bucket=bucket, Key="deleted.csv")
    found = s3.list_object_versions(Bucket=bucket)
    versions = [
        {"Key": one["Key"], "VersionId": one["VersionId"]}
        for one in (*found["Versions"], *found["DeleteMarkers"])
    ]

    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": versions, "Quiet": True})

    assert "Errors" not in answer
    assert "DeleteMarkers" not in s3.list_object_versions(Bucket=bucket)
    gone = until(lambda: [e for e in heard.events() if e["detail-type"] == "Object Deleted"])
    assert gone[-1]["detail"]["object"]["key"] == "deleted.csv"


def test_a_delivery_can_be_lost_or_doubled_on_demand(world: World, tmp_path: Path) -> None:
    heard = Heard(world, tmp_path / "heard")
    listening(world, heard, "aws.fifth")
    world.page(FAULTS_PATH, {"drop": {"source": "aws.fifth"}})
    world.cloud.emit("aws.fifth", "t", {"n": 1}, [])
    assert world.page(FAULTS_PATH) == {"armed": []}
    armed = world.page(FAULTS_PATH, {"double": {"source": "aws.fifth", "count": 1}})
    assert armed["armed"] == [
        {"fault": "double", "source": "aws.fifth", "detail_type": None, "left": 1}
    ]
    world.cloud.emit("aws.fifth", "t", {"n": 2}, [])
    until(lambda: len(heard.events()) == 2)
    assert [event["detail"] for event in heard.events()] == [{"n": 2}, {"n": 2}]
    assert len({event["id"] for event in heard.events()}) == 1


def test_a_delivery_that_is_late_is_overtaken_by_the_next(world: World, tmp_path: Path) -> None:
    heard = Heard(world, tmp_path / "heard")
    listening(world, heard, "aws.late")
    armed = world.page(FAULTS_PATH, {"late": {"source": "aws.late", "seconds": patience(1)}})
    assert [one["fault"] for one in armed["armed"]] == ["late"]
    for number in (1, 2):
        world.cloud.emit("aws.late", "t", {"n": number}, [])
    until(lambda: len(heard.events()) == 2)
    assert [event["detail"]["n"] for event in heard.events()] == [2, 1]


def test_a_fault_that_is_misspelt_is_refused_by_name(world: World) -> None:
    with pytest.raises(HTTPError) as refused:
        world.page(FAULTS_PATH, {"drop": {"sauce": "x"}})
    with refused.value as answer:
        assert answer.status == 400
        assert b"sauce" in answer.read()


def test_a_message_reaches_a_function_in_the_shape_of_sns(world: World, tmp_path: Path) -> None:
    heard = Heard(world, tmp_path / "heard")
    topic = subscribed(world, heard)
    attributes = {"kind": {"DataType": "String", "StringValue": "push"}}
    published = world.client("sns").publish(
        TopicArn=topic, Message="hello", Subject="s", MessageAttributes=attributes
    )
    (record,) = heard.one()["Records"]
    assert record["EventSource"] == "aws:sns"
    assert record["EventSubscriptionArn"].startswith(topic)
    sent = record["Sns"]
    assert (sent["Message"], sent["Subject"], sent["TopicArn"]) == ("hello", "s", topic)
    assert sent["MessageAttributes"] == {"kind": {"Type": "String", "Value": "push"}}
    assert sent["Timestamp"].startswith("20")
    assert sent["MessageId"] == published["MessageId"]


def test_a_function_that_does_not_permit_the_topic_hears_nothing(
    world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    heard = Heard(world, tmp_path / "heard")
    sns = world.client("sns")
    topic = sns.create_topic(Name="not-permitted")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=heard.arn)
    sns.publish(TopicArn=topic, Message="m")
    until(lambda: "lambda:InvokeFunction" in caplog.text)
    assert heard.events() == []


def test_a_message_that_no_function_took_goes_to_the_subscription_s_dead_letter_queue(
    world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    heard = Heard(world, tmp_path / "heard")
    sns, sqs = world.client("sns"), world.client("sqs")
    topic = sns.create_topic(Name="undeliverable")["TopicArn"]
    url = sqs.create_queue(QueueName="undelivered")["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:undelivered"
    redrive = json.dumps({"deadLetterTargetArn": arn})
    sns.subscribe(
        TopicArn=topic,
        Protocol="lambda",
        Endpoint=heard.arn,
        Attributes={"RedrivePolicy": redrive},
    )
    sns.publish(TopicArn=topic, Message="before the queue's policy lets SNS")
    until(lambda: "lost a message" in caplog.text)

    world.queue_policy(url, arn, topic, service="sns.amazonaws.com")
    sent = sns.publish(TopicArn=topic, Message="m")["MessageId"]

    def received() -> Any:
        return sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get("Messages")

    (message,) = until(received)
    body = json.loads(message["Body"])
    assert (body["MessageId"], body["TopicArn"], body["Message"]) == (sent, topic, "m")
    assert topic in body["UnsubscribeURL"]  # the subscription's ARN is in it
    assert "MessageAttributes" not in message  # SNS does not say why
    assert heard.events() == []


def test_a_target_gets_the_event_or_the_part_or_the_constant_that_its_rule_says() -> None:
    assert json.loads(target_input({}, EVENT)) == EVENT
    assert json.loads(target_input({"InputPath": "$.detail.Seconds"}, EVENT)) == 3
    assert target_input({"Input": '{"a": 1}'}, EVENT) == '{"a": 1}'


@pytest.mark.parametrize(
    ("path", "value"),
    [("$", EVENT), ("$.detail.Steps[0].n", 1), ("$.detail.missing.deeper", None)],
)
def test_a_path_leads_to_a_value_or_to_nothing(path: str, value: Any) -> None:
    assert value_at(path, EVENT) == value


def test_a_template_takes_values_bare_and_text_inside_quotes() -> None:
    paths = {"job": "$.detail.TrainingJobName", "steps": "$.detail.Steps", "n": "$.detail.Seconds"}
    template = '{"job": <job>, "text": "<job> took <n> s", "steps": <steps>, "<other>": 1}'
    assert json.loads(transform(template, paths, EVENT)) == {
        "job": 'job "1"',
        "text": 'job "1" took 3 s',
        "steps": [{"n": 1}],
        "<other>": 1,
    }


def test_stock_moto_fails_to_put_an_event_that_a_function_should_hear(world: World) -> None:
    target = world.arn(world.function("def handler(event, context): pass"))
    rule(world, {"Arn": target}, "app.stock")
    entry = {"Source": "app.stock", "DetailType": "t", "Detail": "{}"}
    with as_shipped(), pytest.raises(ClientError, match="InternalFailure"):
        world.client("events").put_events(Entries=[entry])
    world.client("events").put_events(Entries=[entry])


def test_stock_moto_calls_a_function_of_a_topic_before_publish_has_answered(
    world: World,
) -> None:
    sns = world.client("sns")
    topic = sns.create_topic(Name="stock")["TopicArn"]
    sns.subscribe(
        TopicArn=topic, Protocol="lambda", Endpoint=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
    )
    callers: list[int] = []
    backend = sns_backends[ACCOUNT][REGION]

    class Spy:
        def send_sns_message(self, *_: Any, **__: Any) -> None:
            callers.append(threading.get_ident())

    with as_shipped(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("moto.awslambda.utils.get_backend", lambda *_: Spy())
        backend.publish("m", arn=topic)
    assert callers == [threading.get_ident()]
