"""S3: buckets and their policies."""

import json
from typing import Any

from modelwharf.laptop.resources.resource import (
    Created,
    Properties,
    Resource,
    ResourceRefused,
    gone,
    names,
)


class Bucket(Resource):
    type = "AWS::S3::Bucket"
    name_property = "BucketName"
    properties = names(
        "BucketEncryption BucketName LifecycleConfiguration NotificationConfiguration "
        "OwnershipControls PublicAccessBlockConfiguration Tags VersioningConfiguration"
    )
    attributes = frozenset({"Arn", "DomainName", "RegionalDomainName"})

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        client = cls.client("s3")
        region = cls.cloud.region
        place = {} if region == "us-east-1" else {"LocationConstraint": region}
        settings = {"CreateBucketConfiguration": place} if place else {}
        client.create_bucket(Bucket=name, **settings)
        for operation, arguments in _settings(properties).items():
            getattr(client, operation)(Bucket=name, **arguments)
        attributes = {
            "Arn": f"arn:aws:s3:::{name}",
            "DomainName": f"{name}.s3.amazonaws.com",
            "RegionalDomainName": f"{name}.s3.{region}.amazonaws.com",
        }
        return Created(name, attributes)

    def modify(self, wanted: Properties) -> None:
        client, name = self.client("s3"), self.created.ref
        settings = _settings(wanted)
        for operation in _settings(self.given).keys() - settings.keys():
            getattr(client, _UNDONE_BY[operation])(Bucket=name)
        for operation, arguments in settings.items():
            getattr(client, operation)(Bucket=name, **arguments)

    def remove(self) -> None:
        """Delete the bucket. One with an object, a version or a delete marker is refused."""
        with gone("NoSuchBucket"):
            self.client("s3").delete_bucket(Bucket=self.created.ref)


def _settings(properties: Properties) -> dict[str, dict[str, Any]]:
    """Operation → arguments, for each property that the template gives."""
    makers = {
        "VersioningConfiguration": _versioning,
        "BucketEncryption": _encryption,
        "LifecycleConfiguration": _lifecycle,
        "PublicAccessBlockConfiguration": _public_access,
        "OwnershipControls": _ownership,
        "NotificationConfiguration": _notifications,
        "Tags": _tags,
    }
    return dict(make(properties[key]) for key, make in makers.items() if key in properties)


_UNDONE_BY = {
    "put_bucket_encryption": "delete_bucket_encryption",
    "put_bucket_lifecycle_configuration": "delete_bucket_lifecycle",
    "put_public_access_block": "delete_public_access_block",
    "put_bucket_ownership_controls": "delete_bucket_ownership_controls",
    "put_bucket_tagging": "delete_bucket_tagging",
}

Setting = tuple[str, dict[str, Any]]


def _versioning(value: Any) -> Setting:
    return "put_bucket_versioning", {"VersioningConfiguration": value}


def _encryption(value: Any) -> Setting:
    rules = [
        {
            "ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"],
            "BucketKeyEnabled": rule.get("BucketKeyEnabled", False),
        }
        for rule in value["ServerSideEncryptionConfiguration"]
    ]
    return "put_bucket_encryption", {"ServerSideEncryptionConfiguration": {"Rules": rules}}


# A rule's keys. Id, Prefix and ExpirationInDays have other names in the API.
_LIFECYCLE_KEYS = frozenset({"AbortIncompleteMultipartUpload", "Id", "Prefix", "Status"})

_LIFECYCLE_EXPIRATIONS = frozenset(
    {"ExpirationInDays", "ExpiredObjectDeleteMarker", "NoncurrentVersionExpiration"}
)


def _lifecycle(value: Any) -> Setting:
    rules = [_lifecycle_rule(rule) for rule in value["Rules"]]
    return "put_bucket_lifecycle_configuration", {"LifecycleConfiguration": {"Rules": rules}}


def _lifecycle_rule(rule: dict[str, Any]) -> dict[str, Any]:
    unknown = rule.keys() - _LIFECYCLE_KEYS - _LIFECYCLE_EXPIRATIONS
    if unknown:
        raise ResourceRefused(f"lifecycle rule keys {sorted(unknown)} are not known here")
    made = {key: value for key, value in rule.items() if key in _LIFECYCLE_KEYS - {"Id", "Prefix"}}
    made["Filter"] = {"Prefix": rule.get("Prefix", "")}
    if "Id" in rule:
        made["ID"] = rule["Id"]
    if "ExpirationInDays" in rule:
        made["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
    if "ExpiredObjectDeleteMarker" in rule:
        made["Expiration"] = {"ExpiredObjectDeleteMarker": rule["ExpiredObjectDeleteMarker"]}
    if "NoncurrentVersionExpiration" in rule:
        made["NoncurrentVersionExpiration"] = rule["NoncurrentVersionExpiration"]
    return made


def _public_access(value: Any) -> Setting:
    return "put_public_access_block", {"PublicAccessBlockConfiguration": value}


def _ownership(value: Any) -> Setting:
    return "put_bucket_ownership_controls", {"OwnershipControls": value}


def _notifications(value: Any) -> Setting:
    if value.keys() != {"EventBridgeConfiguration"}:
        raise ResourceRefused(
            f"NotificationConfiguration has {sorted(value)}; the laptop's cloud knows "
            "EventBridgeConfiguration"
        )
    enabled = value["EventBridgeConfiguration"].get("EventBridgeEnabled", True)
    configuration: dict[str, Any] = {"EventBridgeConfiguration": {}} if enabled else {}
    return "put_bucket_notification_configuration", {"NotificationConfiguration": configuration}


def _tags(value: Any) -> Setting:
    return "put_bucket_tagging", {"Tagging": {"TagSet": value}}


class BucketPolicy(Resource):
    type = "AWS::S3::BucketPolicy"
    properties = frozenset({"Bucket", "PolicyDocument"})
    replacement = names("Bucket")

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        cls.client("s3").put_bucket_policy(
            Bucket=properties["Bucket"], Policy=json.dumps(properties["PolicyDocument"])
        )
        return Created(properties["Bucket"])

    def modify(self, wanted: Properties) -> None:
        self.create(self.created.ref, wanted)

    def remove(self) -> None:
        with gone("NoSuchBucket"):
            self.client("s3").delete_bucket_policy(Bucket=self.created.ref)


TYPES = (Bucket, BucketPolicy)
