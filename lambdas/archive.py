"""S3 objects that may be missing, and single members of the tarballs SageMaker leaves there."""

import tarfile
from pathlib import PurePosixPath

from botocore.exceptions import ClientError

from lambdas.clients import Client
from lambdas.errors import TrainingFailed, code_of

MEMBER_LIMIT = 32 * 1024 * 1024  # bytes; what a function holds in memory without strain
MISSING_CODES = {"404", "NoSuchKey", "NotFound"}


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of ``s3://bucket/key``."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def object_exists(s3: Client, uri: str) -> bool:
    bucket, key = split_uri(uri)
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if code_of(error) not in MISSING_CODES:
            raise
        return False
    return True


def read_object(s3: Client, uri: str) -> bytes | None:
    """The object's bytes, at most MEMBER_LIMIT of them; None when there is no such object."""
    bucket, key = split_uri(uri)
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"]
    except ClientError as error:
        if code_of(error) not in MISSING_CODES:
            raise
        return None
    with body:
        return bytes(body.read(MEMBER_LIMIT))


def read_member(s3: Client, uri: str, name: str) -> bytes | None:
    """The file ``name`` in the tar.gz at ``uri``, streamed; None when it holds no such file.

    Raises TrainingFailed when the object is no archive or the file exceeds MEMBER_LIMIT.
    """
    bucket, key = split_uri(uri)
    body = s3.get_object(Bucket=bucket, Key=key)["Body"]
    try:
        with body, tarfile.open(fileobj=body, mode="r|gz") as archive:
            for member in archive:
                if member.isfile() and PurePosixPath(member.name) == PurePosixPath(name):
                    return _content(archive, member, uri)
    except tarfile.TarError as error:
        raise TrainingFailed(f"{uri} is not a readable tar.gz: {error}") from None
    return None


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo, uri: str) -> bytes:
    if member.size > MEMBER_LIMIT:
        raise TrainingFailed(
            f"{member.name} in {uri} has {member.size} bytes, more than the {MEMBER_LIMIT} that "
            "are read; let the training program write fewer rows"
        )
    file = archive.extractfile(member)
    return b"" if file is None else file.read()
