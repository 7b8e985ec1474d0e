"""Empties a bucket: every version of every object."""

from typing import TYPE_CHECKING

from modelwharf.cli.errors import CommandError
from modelwharf.cli.services import Services

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef


def empty_bucket(services: Services, bucket: str) -> None:
    """Delete the objects and the delete markers. Raises CommandError for the first that stays."""
    s3 = services.client("s3")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        objects: list[ObjectIdentifierTypeDef] = [
            {"Key": one["Key"], "VersionId": one["VersionId"]} for one in found
        ]
        if not objects:
            continue
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        for error in answer.get("Errors", []):
            raise CommandError(
                f"s3://{bucket}/{error['Key']} was not deleted: {error['Code']}: "
                f"{error.get('Message', '')}"
            )
