"""Read S3 objects that may be missing, and single members of SageMaker's tarballs."""

import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import RawIOBase
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lambdas.errors import TrainingFailed, code_of
from lambdas.runtime import Runtime
from modelwharf.contracts.model_archive import faults_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef, HeadObjectRequestTypeDef

MEMBER_LIMIT = 32 * 1024 * 1024  # bytes, well below a function's memory
SCAN_SECONDS = 600.0  # seconds to scan a model archive; a function has 900
RESERVE = 30.0  # seconds kept to process what was read
MISSING_CODES = {"404", "NoSuchKey", "NotFound"}


def split_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key of ``s3://bucket/key``."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def object_exists(s3: "S3Client", uri: str) -> bool:
    return _head(s3, _request(uri)) is not None


def object_version(s3: "S3Client", uri: str) -> str | None:
    """Return the version id of the current object in a versioned bucket; None without an object."""
    found = _head(s3, _request(uri))
    return None if found is None else str(found["VersionId"])


def version_exists(s3: "S3Client", uri: str, version: str) -> bool:
    return _head(s3, {**_request(uri), "VersionId": version}) is not None


def _request(uri: str) -> "HeadObjectRequestTypeDef":
    bucket, key = split_uri(uri)
    return {"Bucket": bucket, "Key": key}


def _head(s3: "S3Client", request: "HeadObjectRequestTypeDef") -> "HeadObjectOutputTypeDef | None":
    try:
        return s3.head_object(**request)
    except ClientError as error:
        if code_of(error) not in MISSING_CODES:
            raise
        return None


def read_object(s3: "S3Client", uri: str) -> bytes | None:
    """Return the object's bytes, at most MEMBER_LIMIT; None when there is no such object."""
    bucket, key = split_uri(uri)
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"]
    except ClientError as error:
        if code_of(error) not in MISSING_CODES:
            raise
        return None
    with body:
        return bytes(body.read(MEMBER_LIMIT))


def read_member(runtime: Runtime, uri: str, name: str) -> bytes | None:
    """Stream the file ``name`` out of the tar.gz at ``uri``; None when it holds no such file.

    Raises TrainingFailed when the object is not an archive, the file exceeds MEMBER_LIMIT, or one
    call of a function has no time to reach the file.
    """

    def too_large(read: int) -> TrainingFailed:
        return TrainingFailed(
            f"{uri} is too large: no {name} among its first {read} bytes, and no more can be read "
            "in the time that a function has. Write large files to /opt/ml/model or "
            "/opt/ml/checkpoints, and reports alone to /opt/ml/output/data"
        )

    with _opened(runtime, uri, RESERVE, too_large) as archive:
        for member in archive:
            if member.isfile() and PurePosixPath(member.name) == PurePosixPath(name):
                return _content(archive, member, uri)
    return None


@dataclass(frozen=True)
class ModelScan:
    """The result of reading through a model archive."""

    refused: tuple[str, ...] = ()
    """The entries that SageMaker cannot unpack, in words."""
    read: int | None = None
    """Bytes of the archive read before the time was over; None: all of it."""


def scan_model(runtime: Runtime, uri: str) -> ModelScan:
    """Find entries that SageMaker cannot unpack in the model archive at ``uri``.

    Reading stops after SCAN_SECONDS. A missing archive is not reported here:
    Register copies the archive and reports it. Raises TrainingFailed when the object is not an
    archive.
    """
    found: list[str] = []
    reserve = max(runtime.seconds_left() - SCAN_SECONDS, RESERVE)
    try:
        with _opened(runtime, uri, reserve, _TimeOver) as archive:
            for fault in faults_of(archive):
                found.append(fault)  # one by one: findings count even when the time is over
    except _TimeOver as over:
        return ModelScan(tuple(found), over.read)
    except ClientError as error:
        if code_of(error) not in MISSING_CODES:
            raise
    return ModelScan(tuple(found))


def holds_nothing(runtime: Runtime, uri: str) -> bool:
    """Whether the model archive at ``uri`` has no file. An empty folder makes such an archive.

    CheckQuality refuses an object that is not an archive; this function does not.
    """
    try:
        with _opened(runtime, uri, RESERVE, _TimeOver) as archive:
            return all(member.isdir() for member in archive)
    except (_TimeOver, TrainingFailed):
        return False


class _TimeOver(Exception):
    """The time for reading is over, after ``read`` bytes."""

    def __init__(self, read: int) -> None:
        super().__init__(read)
        self.read = read


@contextmanager
def _opened(
    runtime: Runtime, uri: str, reserve: float, over: Callable[[int], Exception]
) -> Iterator[tarfile.TarFile]:
    """Open the archive at ``uri`` as a _LimitedStream. Raises TrainingFailed when it is not one."""
    bucket, key = split_uri(uri)
    body = runtime.clients.s3.get_object(Bucket=bucket, Key=key)["Body"]
    try:
        stream = _LimitedStream(runtime, body, reserve, over)
        with body, tarfile.open(fileobj=stream, mode="r|gz") as archive:
            yield archive
    except tarfile.TarError as error:
        raise TrainingFailed(f"{uri} is not a readable tar.gz: {error}") from None


class _LimitedStream(RawIOBase):
    """A stream that can be read while the function has ``reserve`` seconds left.

    After that, a read raises the exception that ``over`` returns for the number of bytes read.
    """

    def __init__(
        self, runtime: Runtime, body: Any, reserve: float, over: Callable[[int], Exception]
    ) -> None:
        self._runtime, self._body, self._reserve, self._over = runtime, body, reserve, over
        self._read = 0

    def read(self, size: int = -1, /) -> bytes:
        if self._runtime.seconds_left() < self._reserve:
            raise self._over(self._read)
        data: bytes = self._body.read(size)
        self._read += len(data)
        return data


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo, uri: str) -> bytes:
    if member.size > MEMBER_LIMIT:
        raise TrainingFailed(
            f"{member.name} in {uri} has {member.size} bytes, more than the {MEMBER_LIMIT} that "
            "are read; let the training program write fewer rows"
        )
    file = archive.extractfile(member)
    return b"" if file is None else file.read()
