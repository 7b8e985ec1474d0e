"""What is encrypted with a key asks for leave to use it, as in AWS."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.laptop.core.world import REGION, World, allow

READ, WRITE, STORE = "kms:Decrypt", "kms:GenerateDataKey", "kms:Encrypt"


@pytest.fixture
def key(world: World) -> str:
    arn: str = world.client("kms").create_key()["KeyMetadata"]["Arn"]
    return arn


def bucket(world: World, key: str) -> str:
    name, s3 = world.name("sealed"), world.client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    s3.put_bucket_encryption(
        Bucket=name,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": default}]
        },
    )
    s3.put_object(Bucket=name, Key="k", Body=b"there")
    return name


def missing(call: Any, **request: Any) -> str:
    """The action on the key that the caller lacks."""
    with pytest.raises(ClientError) as refused:
        call(**request)
    text = str(refused.value)
    assert "is not authorized to perform: kms:" in text, text
    return text.split("perform: ")[1].split(" on resource: ")[0]


def test_an_object_is_read_and_written_with_the_bucket_s_key(world: World, key: str) -> None:
    name = bucket(world, key)
    s3 = world.client("s3", world.role(allow("s3:*")))

    assert missing(s3.get_object, Bucket=name, Key="k") == READ
    assert missing(s3.put_object, Bucket=name, Key="k", Body=b"") == WRITE
    assert s3.head_object(Bucket=name, Key="k")["ContentLength"] == 5

    allowed = world.role(allow("s3:*"), allow([READ, WRITE], key))
    world.client("s3", allowed).put_object(Bucket=name, Key="k", Body=b"new")
    assert world.client("s3", allowed).get_object(Bucket=name, Key="k")["Body"].read() == b"new"


def test_a_copy_reads_with_one_key_and_writes_with_another(world: World, key: str) -> None:
    source = bucket(world, key)
    other: str = world.client("kms").create_key()["KeyMetadata"]["Arn"]
    target = bucket(world, other)
    request = {"Bucket": target, "Key": "copy", "CopySource": f"{source}/k"}

    reads = world.client("s3", world.role(allow("s3:*"), allow(READ, key)))
    writes = world.client("s3", world.role(allow("s3:*"), allow(WRITE, other)))
    assert missing(reads.copy_object, **request) == WRITE
    assert missing(writes.copy_object, **request) == READ


def test_an_upload_in_parts_reads_its_parts_again(world: World, key: str) -> None:
    name = bucket(world, key)
    s3 = world.client("s3", world.role(allow("s3:*"), allow(WRITE, key)))
    upload = s3.create_multipart_upload(Bucket=name, Key="big")["UploadId"]

    part = {"Bucket": name, "Key": "big", "UploadId": upload, "PartNumber": 1}
    assert missing(s3.upload_part, **part, Body=b"") == READ


def test_a_key_that_a_request_names_or_declines_goes_before_the_bucket_s(
    world: World, key: str
) -> None:
    name = bucket(world, key)
    other: str = world.client("kms").create_key()["KeyMetadata"]["Arn"]
    s3 = world.client("s3", world.role(allow("s3:*"), allow(WRITE, other)))

    named = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": other}
    s3.put_object(Bucket=name, Key="k", Body=b"", **named)
    s3.put_object(Bucket=name, Key="k", Body=b"", ServerSideEncryption="AES256")
    assert missing(s3.put_object, Bucket=name, Key="k", Body=b"") == WRITE


def test_a_message_to_a_topic_and_to_a_queue_uses_their_keys(world: World, key: str) -> None:
    topic = world.client("sns").create_topic(
        Name=world.name("topic"), Attributes={"KmsMasterKeyId": key}
    )["TopicArn"]
    queue = world.client("sqs").create_queue(
        QueueName=world.name("queue"), Attributes={"KmsMasterKeyId": key}
    )["QueueUrl"]
    role = world.role(allow(["sns:Publish", "sqs:*"]))
    sns, sqs = world.client("sns", role), world.client("sqs", role)

    assert missing(sns.publish, TopicArn=topic, Message="m") == WRITE
    assert missing(sqs.send_message, QueueUrl=queue, MessageBody="m") == WRITE
    assert missing(sqs.receive_message, QueueUrl=queue) == READ

    allowed = world.role(allow("sns:Publish"), allow([READ, WRITE], key))
    world.client("sns", allowed).publish(TopicArn=topic, Message="m")


def test_a_secret_parameter_is_decrypted_with_its_key_and_aws_s_own_asks_nobody(
    world: World, key: str
) -> None:
    name, root = f"/{world.name('secret')}", world.client("ssm")
    role = world.role(allow(["ssm:GetParameter", "ssm:GetParameters", "ssm:PutParameter"]))
    ssm = world.client("ssm", role)
    put = {"Name": name, "Value": "s", "Type": "SecureString", "Overwrite": True}

    assert missing(ssm.put_parameter, **put, KeyId=key) == STORE
    root.put_parameter(**put, KeyId=key)
    assert missing(ssm.get_parameter, Name=name, WithDecryption=True) == READ
    assert missing(ssm.get_parameters, Names=[name], WithDecryption=True) == READ
    assert ssm.get_parameter(Name=name)["Parameter"]["Name"] == name

    own = f"/{world.name('secret')}"
    root.put_parameter(Name=own, Value="s", Type="SecureString")
    assert ssm.get_parameter(Name=own, WithDecryption=True)["Parameter"]["Value"] == "s"


def test_the_key_is_used_by_way_of_the_service(world: World, key: str) -> None:
    name = bucket(world, key)

    def reader(service: str) -> Any:
        via = {"StringEquals": {"kms:ViaService": f"{service}.{REGION}.amazonaws.com"}}
        return world.client("s3", world.role(allow("s3:*"), allow(READ, key, Condition=via)))

    assert reader("s3").get_object(Bucket=name, Key="k")["Body"].read() == b"there"
    assert missing(reader("ssm").get_object, Bucket=name, Key="k") == READ


def test_a_function_writes_its_log_with_its_role_and_runs_without(world: World) -> None:
    source = "def handler(event, context):\n    print('heard')\n    return event\n"
    mute = world.function(source, role=world.role(allow("logs:PutLogEvents")))
    heard = world.function(source)

    for name in (mute, heard):
        assert world.invoke(name, {"a": 1}) == (None, {"a": 1})
    assert world.log(mute) == []
    assert "heard" in world.log(heard)


def test_a_machine_that_logs_needs_a_role_that_may_deliver_logs(
    world: World, tmp_path: Any
) -> None:
    group = {"Type": "AWS::Logs::LogGroup"}

    def machine(role: str) -> dict[str, Any]:
        definition = {"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}
        destination = {"LogGroupArn": {"Fn::GetAtt": ["Log", "Arn"]}}
        logging = {
            "Level": "ERROR",
            "Destinations": [{"CloudWatchLogsLogGroup": destination}],
        }
        properties = {
            "DefinitionString": json.dumps(definition),
            "RoleArn": role,
            "LoggingConfiguration": logging,
        }
        return {
            "Log": group,
            "Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties},
        }

    mute = world.role(allow("logs:CreateLogDelivery"), service="states.amazonaws.com")
    with pytest.raises(Exception, match=r"not authorized to access the Log Destination.*Delete"):
        world.deploy(machine(mute), tmp_path)

    world.deploy(machine(world.role(allow("logs:*"), service="states.amazonaws.com")), tmp_path)
