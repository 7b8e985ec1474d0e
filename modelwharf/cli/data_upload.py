"""Uploads into the data bucket."""

import mimetypes
from collections.abc import Mapping
from pathlib import Path

from modelwharf.cli.services import Services
from modelwharf.cli.stack import Stack


def upload(
    services: Services, stack: Stack, key: str, file: Path, metadata: Mapping[str, str]
) -> str:
    """Put the file into the data bucket. Returns the version of the object."""
    with file.open("rb") as content:
        answer = services.client("s3").put_object(
            Bucket=stack.data_bucket,
            Key=key,
            Body=content,
            ContentType=content_type(key),
            Metadata=metadata,
        )
    version: str = answer["VersionId"]
    return version


def content_type(key: str) -> str:
    """Return the media type for the key's extension."""
    return mimetypes.guess_type(key)[0] or "application/octet-stream"
