"""Copy a version of an S3 object to another key, over several function calls if needed.

A copy that is cut short leaves its finished objects, and the finished parts of a large one, in S3.
The next call finds them there and continues after them.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lambdas.archive import MISSING_CODES, object_exists
from lambdas.errors import CopyUnfinished, code_of
from lambdas.runtime import Runtime

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import (
        CopySourceTypeDef,
        CreateMultipartUploadRequestTypeDef,
        HeadObjectOutputTypeDef,
    )

PART = 256 * 1024 * 1024  # bytes; S3 copies such a part in seconds
MOST_PARTS = 10_000  # S3 user guide, "Amazon S3 multipart upload limits"
AT_ONCE = 8  # parts
RESERVE = 60.0  # seconds; a call needs them to end after it began its last part


class NoSuchVersion(Exception):
    """The source has no such key, or no such version of it."""


@dataclass(frozen=True)
class ObjectVersion:
    """One version of an object; a version never changes."""

    bucket: str
    key: str
    version: str

    @property
    def source(self) -> "CopySourceTypeDef":
        return {"Bucket": self.bucket, "Key": self.key, "VersionId": self.version}


def copy_version(
    runtime: Runtime, source: ObjectVersion, bucket: str, key: str, *, part: int = PART
) -> None:
    """Copy ``source`` to ``key``, unless it is there; ``part`` is the size of a part in bytes.

    An object that exists under ``key`` counts as the same version: the key belongs to one release,
    and a release pins its data. Raises CopyUnfinished when time is short, and NoSuchVersion.
    """
    if object_exists(runtime.clients.s3, f"s3://{bucket}/{key}"):
        return
    _require_time(runtime, key, "not begun")
    try:
        found = runtime.clients.s3.head_object(
            Bucket=source.bucket, Key=source.key, VersionId=source.version
        )
    except ClientError as error:
        if code_of(error) not in MISSING_CODES:
            raise
        raise NoSuchVersion from None
    if found["ContentLength"] <= part:
        runtime.clients.s3.copy_object(
            Bucket=bucket,
            Key=key,
            CopySource=source.source,
            # Without it S3 copies the tags too, and needs the permission to read them.
            TaggingDirective="REPLACE",
        )
        return
    _LargeCopy(runtime, source, bucket, key, found, part).finish()


def _require_time(runtime: Runtime, key: str, state: str) -> None:
    if runtime.seconds_left() < RESERVE:
        raise CopyUnfinished(f"the copy to {key} is {state}; the next call goes on with it")


@dataclass(frozen=True)
class _LargeCopy:
    """A multipart copy. ``found`` is S3's description of the source."""

    runtime: Runtime
    source: ObjectVersion
    bucket: str
    key: str
    found: "HeadObjectOutputTypeDef"
    part: int

    def finish(self) -> None:
        upload = self._begun() or self._begin()
        etags = self._copied(upload)
        size = self._part_size
        numbers = range(1, -(-self.found["ContentLength"] // size) + 1)
        missing = [number for number in numbers if number not in etags]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            while missing:
                _require_time(
                    self.runtime, self.key, f"done in {len(etags)} of {len(numbers)} parts"
                )
                some, missing = missing[:AT_ONCE], missing[AT_ONCE:]
                etags |= dict(pool.map(lambda number: self._copy(upload, number, size), some))
        self.runtime.clients.s3.complete_multipart_upload(
            Bucket=self.bucket,
            Key=self.key,
            UploadId=upload,
            MultipartUpload={
                "Parts": [{"PartNumber": number, "ETag": etags[number]} for number in numbers]
            },
        )

    @property
    def _part_size(self) -> int:
        size: int = self.found["ContentLength"]
        return max(self.part, -(-size // MOST_PARTS))

    def _begun(self) -> str | None:
        """Return the upload that an earlier call began; the newest if an aborted call left two."""
        pages = self.runtime.clients.s3.get_paginator("list_multipart_uploads").paginate(
            Bucket=self.bucket, Prefix=self.key
        )
        found = [
            upload
            for page in pages
            for upload in page.get("Uploads", [])
            if upload["Key"] == self.key
        ]
        newest = max(found, key=lambda upload: upload["Initiated"], default=None)
        return None if newest is None else str(newest["UploadId"])

    def _begin(self) -> str:
        request: CreateMultipartUploadRequestTypeDef = {"Bucket": self.bucket, "Key": self.key}
        if "ContentType" in self.found:
            request["ContentType"] = self.found["ContentType"]
        return self.runtime.clients.s3.create_multipart_upload(**request)["UploadId"]

    def _copied(self, upload: str) -> dict[int, str]:
        """Return part number → ETag of every finished part."""
        pages = self.runtime.clients.s3.get_paginator("list_parts").paginate(
            Bucket=self.bucket, Key=self.key, UploadId=upload
        )
        return {
            part["PartNumber"]: part["ETag"] for page in pages for part in page.get("Parts", [])
        }

    def _copy(self, upload: str, number: int, size: int) -> tuple[int, str]:
        first = (number - 1) * size
        last = min(first + size, self.found["ContentLength"]) - 1
        copied = self.runtime.clients.s3.upload_part_copy(
            Bucket=self.bucket,
            Key=self.key,
            UploadId=upload,
            PartNumber=number,
            CopySource=self.source.source,
            CopySourceRange=f"bytes={first}-{last}",
        )
        return number, str(copied["CopyPartResult"]["ETag"])
