"""The permissions of S3's calls. S3's actions have other names than its operations."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from modelwharf.laptop.iam.policies import Value

Parameters = Mapping[str, Any]
Permission = tuple[str, str, Mapping[str, Value]]
"""One permission: action, resource, condition keys."""

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
_BUCKET_ACTIONS: Mapping[str, str] = {
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "HeadBucket": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "GetBucketLocation": "GetBucketLocation",
    "GetBucketVersioning": "GetBucketVersioning",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketPolicy": "GetBucketPolicy",
    "GetBucketTagging": "GetBucketTagging",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "CreateBucket": "CreateBucket",
    "DeleteBucket": "DeleteBucket",
}
_OBJECT_ACTIONS: Mapping[str, str] = {
    "GetObject": "GetObject",
    "HeadObject": "GetObject",
    "GetObjectAttributes": "GetObject",
    "PutObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "AbortMultipartUpload": "AbortMultipartUpload",
    "ListParts": "ListMultipartUploadParts",
    "DeleteObject": "DeleteObject",
    "GetObjectTagging": "GetObjectTagging",
    "PutObjectTagging": "PutObjectTagging",
    "GetObjectAcl": "GetObjectAcl",
    "GetObjectLegalHold": "GetObjectLegalHold",
    "GetObjectRetention": "GetObjectRetention",
}
_VERSIONED = frozenset({"GetObject", "DeleteObject", "GetObjectTagging", "GetObjectAcl"})
_READS = frozenset({"GetObject", "HeadObject", "GetObjectAttributes"})


def object_permissions(
    operation: str, parameters: Parameters, exists: Callable[[str, str], bool]
) -> list[Permission] | None:
    """The permissions of an S3 operation; None for an unknown operation.

    ``exists(bucket, key)`` tells whether an object exists. Without s3:ListBucket, S3 answers a read
    of a missing key with 403 instead of 404, to hide which keys exist.
    """
    bucket = f"arn:aws:s3:::{parameters.get('Bucket', '')}"
    if operation == "ListBuckets":
        return [("s3:ListAllMyBuckets", "*", {})]
    if operation in _BUCKET_ACTIONS:
        context = {"s3:prefix": str(parameters.get("Prefix", ""))}
        return [(f"s3:{_BUCKET_ACTIONS[operation]}", bucket, context)]
    if operation == "DeleteObjects":
        return [
            _on_version("DeleteObject", f"{bucket}/{one['Key']}", one)
            for one in parameters["Objects"]
        ]
    if operation in ("CopyObject", "UploadPartCopy"):
        return [_read_of_source(parameters["CopySource"]), *_writes(bucket, parameters)]
    if operation not in _OBJECT_ACTIONS:
        return None
    if _OBJECT_ACTIONS[operation] == "PutObject":
        return _writes(bucket, parameters)
    key = str(parameters["Key"])
    needed = [_on_version(_OBJECT_ACTIONS[operation], f"{bucket}/{key}", parameters)]
    if operation in _READS and not exists(str(parameters["Bucket"]), key):
        needed.append(("s3:ListBucket", bucket, {"s3:prefix": key}))
    return needed


def _on_version(action: str, resource: str, parameters: Parameters) -> Permission:
    version = parameters.get("VersionId")
    if version and action in _VERSIONED:
        return (
            f"s3:{action.replace('Object', 'ObjectVersion')}",
            resource,
            {"s3:VersionId": str(version)},
        )
    return f"s3:{action}", resource, {}


def _writes(bucket: str, parameters: Parameters) -> list[Permission]:
    resource = f"{bucket}/{parameters['Key']}"
    needed: list[Permission] = [("s3:PutObject", resource, {})]
    if parameters.get("Tagging"):
        needed.append(("s3:PutObjectTagging", resource, {}))
    return needed


def _read_of_source(source: str) -> Permission:
    path, _, version = unquote(source).removeprefix("/").partition("?versionId=")
    return _on_version("GetObject", f"arn:aws:s3:::{path}", {"VersionId": version})
