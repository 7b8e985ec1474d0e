"""The KMS permissions that a call needs in addition. The service uses the caller's permissions.

The laptop encrypts nothing, but refuses what AWS would refuse. An AWS managed key, such as aws/s3,
needs no policy of the account.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from moto.kms.models import KmsBackend, kms_backends
from moto.s3.models import FakeBucket, s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from moto.ssm.models import ssm_backends

from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.formats import PARTITION
from modelwharf.laptop.iam.calls import Call
from modelwharf.laptop.iam.permissions import Need

WRITE, READ, STORE = "kms:GenerateDataKey", "kms:Decrypt", "kms:Encrypt"

# "Using server-side encryption with AWS KMS keys" and each operation's page in the S3 API
# reference: S3 reads the parts of an upload again to complete it.
_OBJECTS: Mapping[str, tuple[str, ...]] = {
    "GetObject": (READ,),
    "PutObject": (WRITE,),
    "CopyObject": (WRITE,),
    "CreateMultipartUpload": (WRITE,),
    "UploadPart": (READ,),
    "UploadPartCopy": (READ,),
    "CompleteMultipartUpload": (READ,),
}
# SNS developer guide, "Key management"; SQS developer guide, "Key management".
_MESSAGES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("sns", "Publish"): (WRITE, READ),
    ("sns", "PublishBatch"): (WRITE, READ),
    ("sqs", "SendMessage"): (WRITE, READ),
    ("sqs", "SendMessageBatch"): (WRITE, READ),
    ("sqs", "ReceiveMessage"): (READ,),
}


def key_needs(cloud: Cloud, call: Call) -> list[Need]:
    """The permissions on keys, each once; empty for unencrypted or missing resources."""
    finders = {"s3": _of_objects, "sns": _of_messages, "sqs": _of_messages, "ssm": _of_parameters}
    find = finders.get(call.service)
    if find is None:
        return []
    context = {"kms:ViaService": f"{call.service}.{cloud.region}.amazonaws.com"}
    pairs = dict.fromkeys(
        (action, arn)
        for action, key in find(cloud, call)
        if key and (arn := key_arn(cloud, key)) is not None
    )
    return [Need(action, arn, context) for action, arn in pairs]


def key_arn(cloud: Cloud, key: str) -> str | None:
    """The ARN of a key, from its id, ARN or alias; None for AWS's own and for missing keys."""
    backend: KmsBackend = kms_backends[cloud.account][cloud.region]
    if "alias/aws/" in key:
        return None
    try:
        return str(backend.keys[backend.any_id_to_key_id(key)].arn)
    except (KeyError, AttributeError):
        return None


def _of_objects(cloud: Cloud, call: Call) -> Iterator[tuple[str, str | None]]:
    parameters, operation = call.parameters, call.operation
    if operation in ("CopyObject", "UploadPartCopy"):
        path = unquote(parameters["CopySource"]).removeprefix("/").partition("?")[0]
        bucket, _, name = path.partition("/")
        yield READ, _key_of_object(cloud, bucket, name)
    wanted = _OBJECTS.get(operation, ())
    bucket, name = str(parameters.get("Bucket", "")), str(parameters.get("Key", ""))
    if operation == "HeadObject" and parameters.get("ChecksumMode") == "ENABLED":
        wanted = (READ,)  # HeadObject, "Permissions"
    if operation in ("GetObject", "HeadObject"):
        key = _key_of_object(cloud, bucket, name)
    elif parameters.get("ServerSideEncryption") == "AES256":
        key = None
    else:
        key = parameters.get("SSEKMSKeyId") or _key_of_bucket(cloud, bucket)
    for action in wanted:
        yield action, key


def _key_of_object(cloud: Cloud, bucket: str, name: str) -> str | None:
    held = _bucket(cloud, bucket)
    stored = held.keys.get(name) if held is not None else None
    return getattr(stored, "kms_key_id", None)


def _key_of_bucket(cloud: Cloud, bucket: str) -> str | None:
    """The key of the bucket's default encryption."""
    held = _bucket(cloud, bucket)
    rule: Mapping[str, Any] = (held.encryption or {}).get("Rule", {}) if held is not None else {}
    key = rule.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID")
    return str(key) if key else None


def _bucket(cloud: Cloud, name: str) -> FakeBucket | None:
    found: FakeBucket | None = s3_backends[cloud.account][PARTITION].buckets.get(name)
    return found


def _of_messages(cloud: Cloud, call: Call) -> Iterator[tuple[str, str | None]]:
    topic = sns_backends[cloud.account][cloud.region].topics.get(
        str(call.parameters.get("TopicArn", ""))
    )
    queue = sqs_backends[cloud.account][cloud.region].queues.get(
        str(call.parameters.get("QueueUrl", "")).rsplit("/", 1)[-1]
    )
    key = getattr(topic or queue, "kms_master_key_id", None)
    for action in _MESSAGES.get((call.service, call.operation), ()):
        yield action, key


def _of_parameters(cloud: Cloud, call: Call) -> Iterator[tuple[str, str | None]]:
    """The keys of SecureStrings (Systems Manager user guide, "How Parameter Store uses KMS")."""
    parameters = call.parameters
    if call.operation == "PutParameter" and parameters.get("Type") == "SecureString":
        yield STORE, parameters.get("KeyId")
    if parameters.get("WithDecryption"):
        held = ssm_backends[cloud.account][cloud.region]._parameters
        for name in [parameters.get("Name"), *parameters.get("Names", [])]:
            path = str(name).split(":")[0]
            if name and path in held:
                yield READ, held[path][-1].keyid
