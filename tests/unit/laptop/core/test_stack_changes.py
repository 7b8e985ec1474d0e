"""A stack is updated, undone and deleted as CloudFormation does it."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.moto_api._internal import moto_api_backend

from modelwharf.cli.errors import CommandError
from modelwharf.cli.services import Services
from modelwharf.cli.stack import find_stack
from modelwharf.contracts.names import stack_name
from modelwharf.laptop.resources import TYPES, Resource
from tests.unit.laptop.core.test_deployment import get, resource
from tests.unit.laptop.core.world import REGION, World

QUEUE = resource("AWS::SQS::Queue", QueueName="queue", VisibilityTimeout=30)
TOPIC = resource("AWS::SNS::Topic", TopicName="topic")
TABLE = resource(
    "AWS::DynamoDB::Table",
    TableName="table",
    AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    BillingMode="PAY_PER_REQUEST",
)


class Stack:
    """One stack, through CloudFormation's API."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.client = world.client("cloudformation")
        self.name = world.name("changing")

    def create(self, resources: dict[str, Any], **parts: Any) -> str:
        body = json.dumps({"Resources": resources, **parts})
        self.client.create_stack(StackName=self.name, TemplateBody=body)
        return self.status()

    def update(self, resources: dict[str, Any], **parts: Any) -> str:
        body = json.dumps({"Resources": resources, **parts})
        self.client.update_stack(StackName=self.name, TemplateBody=body)
        return self.status()

    def delete(self, **options: Any) -> None:
        self.client.delete_stack(StackName=self.name, **options)

    def described(self) -> dict[str, Any]:
        found: dict[str, Any] = self.client.describe_stacks(StackName=self.name)["Stacks"][0]
        return found

    def status(self) -> str:
        return str(self.described()["StackStatus"])

    def events(self, logical_id: str) -> list[tuple[str, str]]:
        found = self.client.describe_stack_events(StackName=self.name)["StackEvents"]
        return [
            (event["ResourceStatus"], event.get("ResourceStatusReason", ""))
            for event in found
            if event["LogicalResourceId"] == logical_id
        ]

    def there(self) -> set[str]:
        found = self.client.describe_stack_resources(StackName=self.name)["StackResources"]
        return {one["LogicalResourceId"] for one in found}


@pytest.fixture
def stack(world: World) -> Stack:
    moto_api_backend.reset()  # names are free again
    return Stack(world)


def queues(world: World) -> set[str]:
    urls = world.client("sqs").list_queues().get("QueueUrls", [])
    return {url.rsplit("/", 1)[-1] for url in urls}


def test_every_type_can_be_deleted_and_changed_or_is_replaced_by_every_change() -> None:
    for name, kind in TYPES.items():
        assert kind.remove is not Resource.remove, f"{name} cannot be deleted"
        fixed = kind.replacement | {kind.name_property}
        assert kind.modify is not Resource.modify or kind.properties <= fixed, name


def test_a_team_s_additions_come_and_go_with_an_update(stack: Stack, world: World) -> None:
    assert stack.create({"Queue": QUEUE}) == "CREATE_COMPLETE"
    outputs = {"Topic": {"Value": {"Ref": "Topic"}}}
    additions = {
        "Topic": TOPIC,
        "Heard": resource(
            "AWS::SNS::Subscription",
            Protocol="sqs",
            TopicArn={"Ref": "Topic"},
            Endpoint=get("Queue"),
        ),
        "Bucket": resource("AWS::S3::Bucket", BucketName="additions"),
        "Alarm": resource(
            "AWS::CloudWatch::Alarm",
            AlarmName="deep",
            MetricName="m",
            Namespace="n",
            Period=60,
            Statistic="Sum",
            Threshold=1,
            EvaluationPeriods=1,
            ComparisonOperator="GreaterThanThreshold",
            AlarmActions=[{"Ref": "Topic"}],
        ),
    }
    assert stack.update({"Queue": QUEUE, **additions}, Outputs=outputs) == "UPDATE_COMPLETE"
    assert stack.described()["Outputs"][0]["OutputValue"].endswith(":topic")
    assert len(world.client("sns").list_subscriptions()["Subscriptions"]) == 1
    assert stack.there() == {"Queue", *additions}

    assert stack.update({"Queue": QUEUE}) == "UPDATE_COMPLETE"
    assert stack.there() == {"Queue"}
    assert world.client("sns").list_topics()["Topics"] == []
    assert world.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
    assert world.client("s3").list_buckets()["Buckets"] == []
    assert "Outputs" not in stack.described()


def test_the_command_line_reads_a_stack_s_version_from_its_outputs(world: World) -> None:
    outputs = {"ModelwharfVersion": {"Value": "99.1.0"}, "OldestReader": {"Value": "99.0.0"}}
    document = json.dumps({"Resources": {"Topic": TOPIC}, "Outputs": outputs})
    world.client("cloudformation").create_stack(
        StackName=stack_name("newer"), TemplateBody=document
    )
    services = Services(world.client, world.cloud.url, REGION, environment={})

    with pytest.raises(
        CommandError, match=r"deployed by modelwharf 99\.1\.0, and needs `wharf` of 99\.0"
    ):
        find_stack(services, "newer")


def test_a_property_changes_in_place_and_what_holds_stays(stack: Stack, world: World) -> None:
    stack.create({"Queue": QUEUE, "Table": TABLE})
    sqs = world.client("sqs")
    url = sqs.get_queue_url(QueueName="queue")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="kept")
    changed = resource("AWS::SQS::Queue", QueueName="queue", VisibilityTimeout=60)
    assert stack.update({"Queue": changed, "Table": TABLE}) == "UPDATE_COMPLETE"
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["VisibilityTimeout"] == "60"
    assert attributes["ApproximateNumberOfMessages"] == "1"
    assert stack.events("Table") == [("CREATE_COMPLETE", "")]


def test_a_new_name_makes_a_new_resource_and_what_refers_to_it_follows(
    stack: Stack, world: World
) -> None:
    heard = resource(
        "AWS::SNS::Subscription", Protocol="sqs", TopicArn={"Ref": "Topic"}, Endpoint=get("Queue")
    )
    stack.create({"Heard": heard, "Queue": QUEUE, "Topic": TOPIC})
    renamed = resource("AWS::SQS::Queue", QueueName="renamed")
    assert stack.update({"Heard": heard, "Queue": renamed, "Topic": TOPIC}) == "UPDATE_COMPLETE"
    assert queues(world) == {"renamed"}
    (subscription,) = world.client("sns").list_subscriptions()["Subscriptions"]
    assert subscription["Endpoint"].endswith(":renamed")


def test_a_failed_update_leaves_everything_as_it_was_and_says_why(
    stack: Stack, world: World
) -> None:
    world.client("s3").create_bucket(
        Bucket="taken", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    stack.create({"Queue": QUEUE})
    changed = resource("AWS::SQS::Queue", QueueName="queue", VisibilityTimeout=60)
    bucket = {**resource("AWS::S3::Bucket", BucketName="taken"), "DependsOn": ["Queue", "Topic"]}
    status = stack.update({"Queue": changed, "Topic": TOPIC, "Bucket": bucket})
    assert status == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.there() == {"Queue"}
    assert world.client("sns").list_topics()["Topics"] == []
    url = world.client("sqs").get_queue_url(QueueName="queue")["QueueUrl"]
    attributes = world.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    assert attributes["Attributes"]["VisibilityTimeout"] == "30"
    (failure,) = [why for what, why in stack.events("Bucket") if what == "CREATE_FAILED"]
    assert "BucketAlreadyOwnedByYou" in failure
    assert stack.update({"Queue": changed}) == "UPDATE_COMPLETE"


def test_an_event_bus_changes_its_tags_and_keeps_its_rules(stack: Stack, world: World) -> None:
    def bus(**tags: str) -> dict[str, Any]:
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        return resource("AWS::Events::EventBus", Name="orders", Tags=listed)

    events = world.client("events")
    stack.create({"Bus": bus(team="a", old="x")})
    events.put_rule(Name="kept", EventBusName="orders", EventPattern='{"source": ["a"]}')
    assert stack.update({"Bus": bus(team="b")}) == "UPDATE_COMPLETE"
    arn = events.describe_event_bus(Name="orders")["Arn"]
    tags = events.list_tags_for_resource(ResourceARN=arn)["Tags"]
    assert tags == [{"Key": "team", "Value": "b"}]
    assert [rule["Name"] for rule in events.list_rules(EventBusName="orders")["Rules"]] == ["kept"]


def test_a_failed_creation_is_rolled_back(stack: Stack, world: World) -> None:
    bad = {
        **resource("AWS::Events::Rule", ScheduleExpression="rate(5 weeks)"),
        "DependsOn": "Queue",
    }
    assert stack.create({"Queue": QUEUE, "Rule": bad}) == "ROLLBACK_COMPLETE"
    assert queues(world) == set()
    with pytest.raises(ClientError, match="ROLLBACK_COMPLETE state and can not be updated"):
        stack.update({"Queue": QUEUE})


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ({"Queue": QUEUE}, "No updates are to be performed"),
        ({"Queue": {**QUEUE, "DeletionPolicy": "Retain"}}, "No updates are to be performed"),
        ({"Queue": TOPIC}, r"resource type of the following resources: \[Queue\]"),
        ({"Queue": QUEUE, "Cluster": resource("AWS::EC2::Nothing")}, "AWS::EC2::Nothing"),
        ({"Queue": resource("AWS::SQS::Queue", Colour="red")}, "property Colour is not known"),
    ],
)
def test_an_update_that_is_none_or_cannot_be_is_refused(
    stack: Stack, resources: dict[str, Any], message: str
) -> None:
    stack.create({"Queue": QUEUE})
    with pytest.raises(ClientError, match=message):
        stack.update(resources)
    assert stack.status() == "CREATE_COMPLETE"


def test_a_named_resource_is_not_replaced_under_its_own_name(stack: Stack) -> None:
    stack.create({"Table": TABLE})
    key = [{"AttributeName": "other", "KeyType": "HASH"}]
    other = {**TABLE, "Properties": {**TABLE["Properties"], "KeySchema": key}}
    assert stack.update({"Table": other}) == "UPDATE_ROLLBACK_COMPLETE"
    (failure,) = [why for what, why in stack.events("Table") if what == "UPDATE_FAILED"]
    assert "Rename table and update the stack again" in failure


def test_a_deletion_keeps_what_is_retained(stack: Stack, world: World) -> None:
    retained = {**TABLE, "DeletionPolicy": "RetainExceptOnCreate"}
    stack.create({"Queue": QUEUE, "Table": retained})
    stack.delete()
    with pytest.raises(ClientError, match="does not exist"):
        stack.status()
    assert queues(world) == set()
    assert world.client("dynamodb").list_tables()["TableNames"] == ["table"]
    assert stack.create({"Table": TABLE}) == "ROLLBACK_COMPLETE"  # the name is taken


def test_what_is_not_empty_stays_and_the_deletion_can_go_on(stack: Stack, world: World) -> None:
    stack.create(
        {"Queue": QUEUE, "Bucket": resource("AWS::S3::Bucket", BucketName="full")},
    )
    world.client("s3").put_object(Bucket="full", Key="a", Body=b"x")
    stack.delete()
    assert stack.status() == "DELETE_FAILED"
    (failure,) = [why for what, why in stack.events("Bucket") if what == "DELETE_FAILED"]
    assert "BucketNotEmpty" in failure
    assert queues(world) == set()
    stack.delete(RetainResources=["Bucket"])
    with pytest.raises(ClientError, match="does not exist"):
        stack.status()
    assert world.client("s3").list_buckets()["Buckets"][0]["Name"] == "full"


def test_a_group_with_model_packages_is_not_deleted(stack: Stack, world: World) -> None:
    group = resource("AWS::SageMaker::ModelPackageGroup", ModelPackageGroupName="group")
    stack.create({"Group": group})
    sagemaker = world.client("sagemaker")
    package = sagemaker.create_model_package(ModelPackageGroupName="group")["ModelPackageArn"]
    stack.delete()
    assert stack.status() == "DELETE_FAILED"
    sagemaker.delete_model_package(ModelPackageName=package)
    stack.delete()
    assert sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"] == []


def test_a_protected_stack_is_not_deleted(stack: Stack) -> None:
    stack.create({"Queue": QUEUE})
    stack.client.update_termination_protection(
        StackName=stack.name, EnableTerminationProtection=True
    )
    assert stack.described()["EnableTerminationProtection"]
    with pytest.raises(ClientError, match="TerminationProtection is enabled"):
        stack.delete()
    stack.client.update_termination_protection(
        StackName=stack.name, EnableTerminationProtection=False
    )
    stack.delete()


def test_a_change_set_tells_what_it_would_do_and_does_it(stack: Stack, world: World) -> None:
    stack.create({"Queue": QUEUE})
    body = json.dumps({"Resources": {"Topic": TOPIC}})
    names = {"StackName": stack.name, "ChangeSetName": "swap"}
    stack.client.create_change_set(**names, TemplateBody=body, ChangeSetType="UPDATE")
    described = stack.client.describe_change_set(**names)
    changes = {
        change["ResourceChange"]["LogicalResourceId"]: change["ResourceChange"]["Action"]
        for change in described["Changes"]
    }
    assert (described["Status"], changes) == (
        "CREATE_COMPLETE",
        {"Queue": "Remove", "Topic": "Add"},
    )
    assert queues(world) == {"queue"}
    stack.client.execute_change_set(**names)
    assert stack.status() == "UPDATE_COMPLETE"
    assert (stack.there(), queues(world)) == ({"Topic"}, set())


def test_a_change_set_can_make_a_stack(stack: Stack, world: World) -> None:
    body = json.dumps(
        {"Resources": {"Queue": QUEUE}, "Outputs": {"Url": {"Value": {"Ref": "Queue"}}}}
    )
    names = {"StackName": stack.name, "ChangeSetName": "first"}
    stack.client.create_change_set(**names, TemplateBody=body, ChangeSetType="CREATE")
    assert stack.status() == "REVIEW_IN_PROGRESS"
    stack.client.execute_change_set(**names)
    assert stack.status() == "CREATE_COMPLETE"
    assert stack.described()["Outputs"][0]["OutputValue"].endswith("/queue")
    assert queues(world) == {"queue"}


def test_an_import_is_refused_by_name(stack: Stack) -> None:
    with pytest.raises(ClientError, match="leave out ChangeSetType IMPORT"):
        stack.client.create_change_set(
            StackName=stack.name, ChangeSetName="c", TemplateBody="{}", ChangeSetType="IMPORT"
        )


def test_a_template_in_json_is_read_as_json_and_one_in_yaml_as_yaml(stack: Stack) -> None:
    """JSON writes a smile as two escapes, which YAML takes for two broken characters."""
    assert stack.create({"Queue": QUEUE}, Description="a smile: \N{SLIGHTLY SMILING FACE}")
    assert stack.described()["Description"].endswith("\N{SLIGHTLY SMILING FACE}")
    name = stack.world.name("yaml")
    body = "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n    Properties: {TopicName: yaml}\n"
    stack.client.create_stack(StackName=name, TemplateBody=body)
    (made,) = stack.client.describe_stacks(StackName=name)["Stacks"]
    assert made["StackStatus"] == "CREATE_COMPLETE"


def test_a_template_is_read_from_the_address_that_the_aws_cli_uploads_to(stack: Stack) -> None:
    s3 = stack.world.client("s3")
    s3.create_bucket(
        Bucket="templates", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    body = json.dumps({"Resources": {"Queue": QUEUE}})
    s3.put_object(Bucket="templates", Key="ours/a.template", Body=body)
    url = f"{s3.meta.endpoint_url}/templates/ours/a.template"

    stack.client.create_stack(StackName=stack.name, TemplateURL=url)

    assert stack.there() == {"Queue"}


@pytest.mark.parametrize("path", ["templates/nothing", "no-bucket/a.template", "templates"])
def test_an_address_without_a_template_is_named(stack: Stack, path: str) -> None:
    stack.world.client("s3").create_bucket(
        Bucket="templates", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )

    with pytest.raises(ClientError, match=f"S3 error: there is no template at .*/{path}"):
        stack.client.create_stack(
            StackName=stack.name, TemplateURL=f"https://s3.eu-west-1.amazonaws.com/{path}"
        )


def test_the_tags_of_a_queue_are_those_of_the_template(stack: Stack) -> None:
    def tagged(**tags: str) -> dict[str, Any]:
        given = [{"Key": key, "Value": value} for key, value in tags.items()]
        return resource("AWS::SQS::Queue", QueueName="queue", Tags=given)

    sqs = stack.world.client("sqs")
    stack.create({"Queue": tagged(team="fuel", stage="trial")})
    url = sqs.get_queue_url(QueueName="queue")["QueueUrl"]
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "fuel", "stage": "trial"}

    assert stack.update({"Queue": tagged(team="power")}) == "UPDATE_COMPLETE"

    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "power"}
