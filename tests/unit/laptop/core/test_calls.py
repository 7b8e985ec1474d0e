"""Reading calls: what botocore sends must come out as what it was asked."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config

from modelwharf.laptop.iam.calls import Call, HttpRequest, UnreadableCall, call_of, credential_of

SENT_TO = "http://127.0.0.1:1"


class _Caught(Exception):
    def __init__(self, request: AWSPreparedRequest) -> None:
        self.request = request


def _catch(request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
    raise _Caught(request)


def sent(service: str, operation: str, **arguments: Any) -> HttpRequest:
    """The HTTP request that boto3 makes of a call."""
    make: Any = boto3.client  # the stubs take literal service names only
    client = make(
        service,
        region_name="eu-west-1",
        endpoint_url=SENT_TO,
        aws_access_key_id="ASIAKEY",
        aws_secret_access_key="secret",
        aws_session_token="token",
    )
    client.meta.events.register("before-send.*.*", _catch)
    with pytest.raises(_Caught) as caught:
        getattr(client, operation)(**arguments)
    return as_http(caught.value.request)


def as_http(request: AWSPreparedRequest) -> HttpRequest:
    url = urlsplit(str(request.url))
    body: Any = request.body
    data = body.read() if hasattr(body, "read") else body
    return HttpRequest(
        method=str(request.method),
        path=url.path,
        query=dict(parse_qsl(url.query, keep_blank_values=True)),
        headers={
            name.lower(): value.decode() if isinstance(value, bytes) else value
            for name, value in request.headers.items()
        },
        body=data.encode() if isinstance(data, str) else data or b"",
    )


def read(service: str, operation: str, **arguments: Any) -> Call:
    request = sent(service, operation, **arguments)
    credential = credential_of(request)
    assert credential is not None
    return call_of(request, credential.service)


def test_a_signed_request_names_its_key_region_service_and_session() -> None:
    credential = credential_of(sent("stepfunctions", "list_state_machines"))
    assert credential is not None
    assert credential.access_key == "ASIAKEY"
    assert credential.service == "states"
    assert credential.region == "eu-west-1"
    assert credential.token == "token"


def test_a_presigned_url_names_them_in_its_query() -> None:
    client = boto3.client(
        "s3",
        region_name="eu-west-1",
        aws_access_key_id="ASIAKEY",
        aws_secret_access_key="secret",
        config=Config(signature_version="s3v4"),
    )
    url = client.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"})
    query = dict(parse_qsl(urlsplit(url).query))
    credential = credential_of(HttpRequest("GET", "/b/k", query, {}, b""))
    assert credential is not None
    assert (credential.access_key, credential.service) == ("ASIAKEY", "s3")


def test_an_unsigned_request_has_no_credential() -> None:
    assert credential_of(HttpRequest("GET", "/", {}, {}, b"")) is None


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "expected"),
    [
        ("ssm", "get_parameter", {"Name": "/a"}, ("ssm", "GetParameter", {"Name": "/a"})),
        (
            "stepfunctions",
            "start_execution",
            {"stateMachineArn": "arn:aws:states:::m"},
            ("states", "StartExecution", {"stateMachineArn": "arn:aws:states:::m"}),
        ),
        (
            "codebuild",
            "start_build",
            {"projectName": "p"},
            ("codebuild", "StartBuild", {"projectName": "p"}),
        ),
        (
            "cloudwatch",
            "describe_alarms",
            {"AlarmNames": ["a"]},
            ("cloudwatch", "DescribeAlarms", {"AlarmNames": ["a"]}),
        ),
        (
            "sns",
            "publish",
            {"TopicArn": "arn:t", "Message": "m"},
            ("sns", "Publish", {"TopicArn": "arn:t", "Message": "m"}),
        ),
        (
            "sqs",
            "send_message",
            {"QueueUrl": "http://q/1/name", "MessageBody": "m"},
            ("sqs", "SendMessage", {"QueueUrl": "http://q/1/name"}),
        ),
        (
            "lambda",
            "invoke",
            {"FunctionName": "arn:aws:lambda:r:1:function:f:live"},
            ("lambda", "Invoke", {"FunctionName": "arn:aws:lambda:r:1:function:f:live"}),
        ),
        (
            "lambda",
            "invoke",
            {"FunctionName": "f", "Qualifier": "live"},
            ("lambda", "Invoke", {"FunctionName": "f", "Qualifier": "live"}),
        ),
        (
            "sagemaker-runtime",
            "invoke_endpoint",
            {"EndpointName": "e", "Body": b"{"},
            ("sagemaker", "InvokeEndpoint", {"EndpointName": "e"}),
        ),
        (
            "s3",
            "get_object",
            {"Bucket": "bucket", "Key": "a b/c+d.csv", "VersionId": "v"},
            ("s3", "GetObject", {"Bucket": "bucket", "Key": "a b/c+d.csv", "VersionId": "v"}),
        ),
        (
            "s3",
            "head_object",
            {"Bucket": "bucket", "Key": "k"},
            ("s3", "HeadObject", {"Bucket": "bucket", "Key": "k"}),
        ),
        (
            "s3",
            "put_object",
            {"Bucket": "bucket", "Key": "k", "Body": b"x", "Tagging": "a=b"},
            ("s3", "PutObject", {"Bucket": "bucket", "Key": "k", "Tagging": "a=b"}),
        ),
        (
            "s3",
            "copy_object",
            {"Bucket": "bucket", "Key": "k", "CopySource": "from/key"},
            ("s3", "CopyObject", {"Bucket": "bucket", "Key": "k", "CopySource": "from/key"}),
        ),
        (
            "s3",
            "list_objects_v2",
            {"Bucket": "bucket", "Prefix": "p/"},
            ("s3", "ListObjectsV2", {"Bucket": "bucket", "Prefix": "p/"}),
        ),
        (
            "s3",
            "upload_part",
            {"Bucket": "bucket", "Key": "k", "PartNumber": 1, "UploadId": "u", "Body": b"x"},
            ("s3", "UploadPart", {"Bucket": "bucket", "Key": "k", "UploadId": "u"}),
        ),
        (
            "s3",
            "get_bucket_versioning",
            {"Bucket": "bucket"},
            ("s3", "GetBucketVersioning", {"Bucket": "bucket"}),
        ),
        (
            "s3",
            "delete_objects",
            {
                "Bucket": "bucket",
                "Delete": {"Objects": [{"Key": "a&b"}, {"Key": "b", "VersionId": "v"}]},
            },
            (
                "s3",
                "DeleteObjects",
                {
                    "Bucket": "bucket",
                    "Objects": [{"Key": "a&b"}, {"Key": "b", "VersionId": "v"}],
                },
            ),
        ),
        (
            "xray",
            "put_trace_segments",
            {"TraceSegmentDocuments": ["{}"]},
            ("xray", "PutTraceSegments", {"TraceSegmentDocuments": ["{}"]}),
        ),
    ],
)
def test_calls_of_every_protocol_come_out_as_they_were_asked(
    service: str, operation: str, arguments: dict[str, Any], expected: tuple[str, str, Any]
) -> None:
    call = read(service, operation, **arguments)
    assert (call.service, call.operation) == expected[:2]
    assert expected[2].items() <= dict(call.parameters).items()


def test_what_looks_like_no_operation_is_unreadable() -> None:
    with pytest.raises(UnreadableCall, match="not an operation of lambda"):
        call_of(HttpRequest("PATCH", "/nowhere", {}, {}, b""), "lambda")
    with pytest.raises(UnreadableCall, match="no service is called"):
        call_of(HttpRequest("GET", "/", {}, {}, b""), "nosuch")
