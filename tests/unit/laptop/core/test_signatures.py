"""Signatures of real SDKs are accepted; unsigned and changed requests are refused."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import boto3
import pytest
import requests
from botocore import auth as botocore_auth
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.unit.laptop.core.world import REGION, World, allow
from tests.waiting import HUNG


@contextmanager
def refused(code: str, *words: str) -> Iterator[None]:
    with pytest.raises(ClientError) as caught:
        yield
    error = caught.value.response["Error"]
    assert error["Code"] == code
    for word in words:
        assert word in error["Message"]


def keys(world: World, role: str | None = None) -> dict[str, str]:
    return world.cloud.credentials(role, "s") if role else world.cloud.root_credentials()


def client(world: World, service: str, found: dict[str, str], **config: Any) -> Any:
    make: Any = boto3.client  # the stubs take literal service names only
    return make(
        service,
        region_name=REGION,
        endpoint_url=world.cloud.url,
        aws_access_key_id=found["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=found["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=found.get("AWS_SESSION_TOKEN"),
        config=Config(
            retries={"total_max_attempts": 1},
            **{"signature_version": "s3v4" if service == "s3" else "v4", **config},
        ),
    )


# One service of each protocol, with its error code for a wrong signature.
PROTOCOLS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "ssm": ("InvalidSignatureException", lambda c: c.describe_parameters()),  # JSON
    "lambda": ("InvalidSignatureException", lambda c: c.list_functions()),  # REST and JSON
    "cloudwatch": ("InvalidSignatureException", lambda c: c.list_metrics()),  # CBOR
    "sts": ("SignatureDoesNotMatch", lambda c: c.get_caller_identity()),  # query
    "sqs": ("InvalidSignatureException", lambda c: c.list_queues()),  # JSON, once query
    "s3": ("SignatureDoesNotMatch", lambda c: c.list_buckets()),  # REST and XML
}


@pytest.mark.parametrize("service", PROTOCOLS)
def test_the_right_secret_is_let_in_and_a_wrong_one_is_refused_as_aws_does(
    world: World, service: str
) -> None:
    code, call = PROTOCOLS[service]
    call(client(world, service, keys(world)))
    wrong = {**keys(world), "AWS_SECRET_ACCESS_KEY": "test"}
    with refused(code, "does not match"):
        call(client(world, service, wrong))


@pytest.mark.parametrize("service", PROTOCOLS)
def test_a_role_s_session_signs_with_a_secret_of_its_own(world: World, service: str) -> None:
    code, call = PROTOCOLS[service]
    role = world.role(allow(["ssm:*", "lambda:*", "cloudwatch:*", "sts:*", "sqs:*", "s3:*"]))
    session = keys(world, role)
    call(client(world, service, session))
    root_s = {**session, "AWS_SECRET_ACCESS_KEY": keys(world)["AWS_SECRET_ACCESS_KEY"]}
    with refused(code):
        call(client(world, service, root_s))


@pytest.mark.parametrize("service", ["ssm", "s3"])
def test_a_session_needs_its_token(world: World, service: str) -> None:
    _, call = PROTOCOLS[service]
    session = keys(world, world.role(allow(["ssm:*", "s3:*"])))
    without = {name: value for name, value in session.items() if name != "AWS_SESSION_TOKEN"}
    for found in (without, {**session, "AWS_SESSION_TOKEN": "another"}):
        with pytest.raises(ClientError) as caught:
            call(client(world, service, found))
        code = caught.value.response["Error"]["Code"]
        assert code in ("UnrecognizedClientException", "InvalidAccessKeyId")


def test_a_user_s_key_works_until_it_is_switched_off(world: World) -> None:
    iam = world.client("iam")
    iam.create_user(UserName="ada")
    policy = {"Version": "2012-10-17", "Statement": [allow("ssm:DescribeParameters")]}
    iam.put_user_policy(UserName="ada", PolicyName="p", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName="ada")["AccessKey"]
    found = {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }
    client(world, "ssm", found).describe_parameters()
    iam.update_access_key(UserName="ada", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    with refused("UnrecognizedClientException"):
        client(world, "ssm", found).describe_parameters()


def test_every_key_that_the_cloud_gives_out_shows_that_it_is_the_laptop_s(world: World) -> None:
    iam = world.client("iam")
    iam.create_user(UserName="eve")
    given = [
        keys(world)["AWS_ACCESS_KEY_ID"],
        keys(world, world.role())["AWS_ACCESS_KEY_ID"],
        iam.create_access_key(UserName="eve")["AccessKey"]["AccessKeyId"],
    ]
    assert [len(key) for key in given] == [20, 20, 20]
    assert all(key.startswith("WHARF") for key in given)
    assert len({key[5] for key in given}) == 3  # root's, a session's, a user's


@contextmanager
def clock(shift: timedelta) -> Iterator[None]:
    """botocore's clock, moved."""
    moved = datetime.now(UTC) + shift
    with mock.patch.object(botocore_auth, "get_current_datetime", lambda *_, **__: moved):
        yield


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_clock_that_is_off_by_more_than_five_minutes_is_refused(
    world: World, minutes: int
) -> None:
    with clock(timedelta(minutes=minutes)):
        with refused("InvalidSignatureException", "Signature"):
            client(world, "ssm", keys(world)).describe_parameters()
        with refused("SignatureDoesNotMatch", "Signature"):
            client(world, "sts", keys(world)).get_caller_identity()
        client(world, "s3", keys(world)).list_buckets()


def test_s3_allows_fifteen_minutes(world: World) -> None:
    with clock(timedelta(minutes=-16)), refused("RequestTimeTooSkewed", "too large"):
        client(world, "s3", keys(world)).list_buckets()


@pytest.fixture(scope="module")
def bucket(world: World) -> str:
    place = {"LocationConstraint": REGION}
    world.client("s3").create_bucket(Bucket="signed", CreateBucketConfiguration=place)
    return "signed"


KEYS = ("plain", "a b", "a+b%20", "ü/ö", "a=b&c", "a//b", "a/.b/..c", "~x'()*!$,;:@")


@pytest.mark.parametrize("key", KEYS)
def test_any_key_of_an_object_can_be_signed(world: World, bucket: str, key: str) -> None:
    s3 = client(world, "s3", keys(world))
    s3.put_object(Bucket=bucket, Key=key, Body=b"x", Metadata={"with_underscore": "1"})
    assert s3.head_object(Bucket=bucket, Key=key)["Metadata"] == {"with_underscore": "1"}
    url = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": key})
    assert requests.get(url, timeout=HUNG).content == b"x"
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=key)["Contents"]
    assert key in [one["Key"] for one in listed]


def presigned(
    world: World,
    bucket: str,
    *,
    role: bool = False,
    life: int = 60,
    signed_at: timedelta = timedelta(0),
) -> str:
    found = keys(world, world.role(allow("s3:*")) if role else None)
    world.client("s3").put_object(Bucket=bucket, Key="k", Body=b"x")
    with clock(signed_at):
        url: str = client(world, "s3", found).generate_presigned_url(
            "get_object", {"Bucket": bucket, "Key": "k"}, life
        )
    return url


@pytest.mark.parametrize("role", [False, True])
def test_a_presigned_url_gives_its_object_and_no_other(
    world: World, bucket: str, role: bool
) -> None:
    url = presigned(world, bucket, role=role)
    assert requests.get(url, timeout=HUNG).content == b"x"
    for changed in (url.replace("/k?", "/plain?"), f"{url}&versionId=1", f"{url[:-1]}g"):
        answer = requests.get(changed, timeout=HUNG)
        assert (answer.status_code, "SignatureDoesNotMatch" in answer.text) == (403, True)
    assert requests.delete(url, timeout=HUNG).status_code == 403
    with_header = requests.get(url, headers={"x-amz-acl": "public-read"}, timeout=HUNG)
    assert "x-amz-acl" in with_header.text and with_header.status_code == 403


def test_a_presigned_url_expires(world: World, bucket: str) -> None:
    ago = timedelta(minutes=-30)
    long, short = (presigned(world, bucket, life=life, signed_at=ago) for life in (3600, 60))
    assert requests.get(long, timeout=HUNG).content == b"x"
    answer = requests.get(short, timeout=HUNG)
    assert (answer.status_code, "Request has expired" in answer.text) == (403, True)
    week_and_more = presigned(world, bucket, life=604_801)
    assert requests.get(week_and_more, timeout=HUNG).status_code == 400


def test_a_presigned_upload_keeps_its_body(world: World, bucket: str) -> None:
    s3 = client(world, "s3", keys(world))
    url = s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "up"})
    assert requests.put(url, b"body", timeout=HUNG).status_code == 200
    assert s3.get_object(Bucket=bucket, Key="up")["Body"].read() == b"body"


def signed(
    world: World, path: str, *, method: str = "GET", body: bytes = b"", **headers: str
) -> AWSRequest:
    """As botocore signs for S3; tests change what was signed."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = AWSRequest(method, f"{world.cloud.url}{path}", names, data=body)
    found = keys(world)
    key = Credentials(found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"])
    S3SigV4Auth(key, "s3", REGION).add_auth(request)
    return request


def sent(request: AWSRequest, body: bytes | Iterator[bytes] | None = None) -> requests.Response:
    return requests.request(
        str(request.method),
        str(request.url),
        headers=dict(request.headers),
        data=body,
        timeout=HUNG,
    )


def test_the_body_is_part_of_what_is_signed(world: World, bucket: str) -> None:
    request = signed(world, f"/{bucket}/k", method="PUT", body=b"mine")
    assert sent(request, b"mine").status_code == 200
    assert "XAmzContentSHA256Mismatch" in sent(request, b"evil").text
    request.headers.replace_header("X-Amz-Content-SHA256", hashlib.sha256(b"evil").hexdigest())
    assert "SignatureDoesNotMatch" in sent(request, b"evil").text


def test_a_body_of_unknown_length_is_read_whole(world: World, bucket: str) -> None:
    request = signed(world, f"/{bucket}/chunked", method="PUT", body=b"one two")
    assert sent(request, iter([b"one", b" two"])).status_code == 200
    held = world.client("s3").get_object(Bucket=bucket, Key="chunked")["Body"].read()
    assert held == b"one two"


def test_amazon_s_headers_must_be_signed(world: World, bucket: str) -> None:
    request = signed(world, f"/{bucket}/k", method="PUT", body=b"x")
    request.headers["x-amz-acl"] = "public-read"
    assert "x-amz-acl" in sent(request, b"x").text


def test_a_target_that_was_not_signed_is_not_called(world: World) -> None:
    found = keys(world)
    key = Credentials(found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"])
    request = AWSRequest("POST", f"{world.cloud.url}/", {"Content-Type": "x"}, data=b"{}")
    SigV4Auth(key, "ssm", REGION).add_auth(request)
    request.headers["X-Amz-Target"] = "AmazonSSM.DescribeParameters"
    answer = sent(request, b"{}")
    assert answer.status_code == 400
    assert "x-amz-target" in answer.json()["message"]


@pytest.mark.parametrize("config", [{}, {"s3": {"payload_signing_enabled": False}}])
def test_unsigned_payloads_of_s3_are_accepted(world: World, bucket: str, config: Any) -> None:
    s3 = client(world, "s3", keys(world), **config)
    s3.put_object(Bucket=bucket, Key="unsigned", Body=b"x" * 100)
    assert s3.get_object(Bucket=bucket, Key="unsigned")["Body"].read() == b"x" * 100


def test_other_services_refuse_an_unsigned_payload(world: World) -> None:
    found = keys(world)
    key = Credentials(found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"])
    headers = {"X-Amz-Target": "AmazonSSM.DescribeParameters"}
    headers["X-Amz-Content-SHA256"] = "UNSIGNED-PAYLOAD"
    request = AWSRequest("POST", f"{world.cloud.url}/", headers, data=b"{}")
    SigV4Auth(key, "ssm", REGION).add_auth(request)
    assert "IncompleteSignatureException" in sent(request, b"{}").text


class Chunks:
    """A body as AWS's SDKs for Java and Go send it over HTTP: every chunk is signed."""

    def __init__(self, world: World, bucket: str, parts: list[bytes], trailer: bytes = b"") -> None:
        kind = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
        kind += "-TRAILER" if trailer else ""
        found = keys(world)
        self.key = Credentials(found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"])
        self.signer = S3SigV4Auth(self.key, "s3", REGION)
        vars(self.signer)["payload"] = lambda request: kind
        length = {"x-amz-decoded-content-length": str(sum(map(len, parts)))}
        url = f"{world.cloud.url}/{bucket}/streamed"
        headers = {"Content-Encoding": "aws-chunked", **length}
        self.request = AWSRequest("PUT", url, headers, data=b"")
        self.signer.add_auth(self.request)
        before = str(self.request.headers["Authorization"]).rpartition("=")[2]
        self.body = b""
        for part in [*parts, b""]:
            empty, digest = (hashlib.sha256(data).hexdigest() for data in (b"", part))
            before = self._signature("PAYLOAD", before, empty, digest)
            self.body += f"{len(part):x};chunk-signature={before}\r\n".encode() + part
            self.body += b"\r\n" if part or not trailer else b""
        if trailer:
            digest = hashlib.sha256(trailer + b"\n").hexdigest()
            end = self._signature("TRAILER", before, digest)
            self.body += trailer + b"\r\nx-amz-trailer-signature:" + end.encode() + b"\r\n\r\n"

    def _signature(self, kind: str, before: str, *hashes: str) -> str:
        stamp = self.request.context["timestamp"]
        scope = self.signer.credential_scope(self.request)
        text = "\n".join([f"AWS4-HMAC-SHA256-{kind}", stamp, scope, before, *hashes])
        return str(self.signer.signature(text, self.request))


def test_every_chunk_of_a_signed_stream_is_verified(world: World, bucket: str) -> None:
    parts = [b"a" * 8192, b"b" * 100]
    stream = Chunks(world, bucket, parts)
    assert sent(stream.request, stream.body).status_code == 200
    held = world.client("s3").get_object(Bucket=bucket, Key="streamed")["Body"].read()
    assert held == b"".join(parts)
    for changed in (
        stream.body.replace(b"bbb", b"ccc"),
        stream.body[: stream.body.index(b"64;chunk")],  # without its end
        stream.body.replace(b"chunk-signature=", b"chunk-signature=0", 1),
        b"",
    ):
        assert "SignatureDoesNotMatch" in sent(stream.request, changed).text


def test_the_trailer_of_a_signed_stream_is_verified(world: World, bucket: str) -> None:
    stream = Chunks(world, bucket, [b"abc"], trailer=b"x-amz-checksum-crc32:NSRBwg==")
    assert sent(stream.request, stream.body).status_code == 200
    changed = stream.body.replace(b"NSRBwg", b"NSRBwh")
    assert "SignatureDoesNotMatch" in sent(stream.request, changed).text


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Authorization": "AWS key:signature"}, "InvalidRequest"),
        ({"Authorization": "AWS4-HMAC-SHA256 Credential=a"}, "AuthorizationHeaderMalformed"),
        ({"X-Amz-Date": "yesterday"}, "AuthorizationHeaderMalformed"),
        ({"X-Amz-Date": "20200101T000000Z"}, "AuthorizationHeaderMalformed"),
    ],
)
def test_a_malformed_signature_is_refused_as_malformed(
    world: World, bucket: str, change: dict[str, str], code: str
) -> None:
    request = signed(world, f"/{bucket}/k")
    for name, value in change.items():
        request.headers.replace_header(name, value)
    answer = sent(request)
    assert (answer.status_code, code in answer.text) == (400, True)


def test_a_url_presigned_by_version_2_is_told_the_mechanism(world: World, bucket: str) -> None:
    """boto3's own choice in the oldest regions, unless the client is configured otherwise."""
    s3 = client(world, "s3", keys(world), signature_version="s3")
    url = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"})
    answer = requests.get(url, timeout=HUNG)
    assert (answer.status_code, "s3v4" in answer.text) == (400, True)


def test_two_signatures_in_one_request_are_refused(world: World, bucket: str) -> None:
    """moto would route by one of them, and the authorization would use the other."""
    url = urlsplit(presigned(world, bucket))
    request = signed(world, f"{url.path}?{url.query}")
    assert "Only one auth mechanism" in sent(request).text


def test_a_url_presigned_for_s3_calls_no_other_service(world: World) -> None:
    """moto reads ``/ssm_eu-west-1/`` as a call of another service where no header names one."""
    s3 = client(world, "s3", keys(world))
    params = {"Bucket": f"ssm_{REGION}", "Key": "x"}
    url = s3.generate_presigned_url("get_object", params)
    assert "NoSuchBucket" in requests.get(url, timeout=HUNG).text
