"""The objects that a job reads: all under a prefix, or those that a manifest lists."""

import json
from typing import Any

from modelwharf.laptop.sagemaker.s3_transfers import (
    DataError,
    S3Object,
    objects_under,
    read,
    split_uri,
)


def find(s3: Any, uri: str, *, manifest: bool) -> list[S3Object]:
    """Find the objects. Raises DataError when there is none, or the role may not list them."""
    return _listed(read(s3, uri), uri) if manifest else objects_under(s3, uri)


def _listed(content: bytes, uri: str) -> list[S3Object]:
    """The objects that a manifest lists (TransformS3DataSource).

    Its form is ``[{"prefix": "s3://bucket/some/prefix/"}, "relative/path", …]``.
    """
    try:
        entries = json.loads(content)
    except ValueError as error:
        raise DataError(f"The manifest {uri} is not JSON: {error}") from None
    head = entries[0] if isinstance(entries, list) and entries else None
    if not isinstance(head, dict) or not isinstance(head.get("prefix"), str):
        raise DataError(
            f"The manifest {uri} must be a list that begins with "
            '{"prefix": "s3://bucket/some/prefix/"}'
        )
    names = entries[1:]
    wrong = [name for name in names if not isinstance(name, str) or not name]
    if wrong or not names:
        message = f"it lists {json.dumps(wrong[0])}" if wrong else "it lists none"
        raise DataError(f"The manifest {uri} must list paths below its prefix: {message}")
    bucket, prefix = split_uri(head["prefix"])
    return [S3Object(bucket, prefix + name, name) for name in names]
