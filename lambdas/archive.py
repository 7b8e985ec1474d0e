"""S3 objects that may be missing, and single members of the tarballs SageMaker leaves there."""

import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import RawIOBase
from pathlib import PurePosixPath
from typing import Any

from botocore.exceptions import ClientError

from contracts.model_archive import faults_of
from lambdas.clients import Client
from lambdas.errors import TrainingFailed, code_of
from lambdas.site import Site

MEMBER_LIMIT = 32 * 1024 * 1024  # bytes; what a function holds in memory without strain
LOOK = 120.0  # seconds for a look into a model archive
RESERVE = 30.0  # seconds; what a call needs for whatever it does with what it read
MISSING_CODES = {"404", "NoSuchKey", "NotFound"}


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of ``s3://bucket/key``."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def object_exists(s3: Client, uri: str) -> bool:
    return _head(s3, uri) is not None


def object_version(s3: Client, uri: str) -> str | None:
    """The version id of what is there now, in a versioned bucket; None when nothing is."""
    found = _head(s3, uri)
    return None if found is None else str(found["VersionId"])


def _head(s3: Client, uri: str) -> dict[str, Any] | None:
    bucket, key = split_uri(uri)
    try:
        found: dict[str, Any] = s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if code_of(error) not in MISSING_CODES:
            raise
        return None
    return found


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


def read_member(site: Site, uri: str, name: str) -> bytes | None:
    """The file ``name`` in the tar.gz at ``uri``, streamed; None when it holds no such file.

    Raises TrainingFailed when the object is no archive, the file exceeds MEMBER_LIMIT, or one
    call of a function has no time to reach it.
    """

    def too_large(read: int) -> TrainingFailed:
        return TrainingFailed(
            f"{uri} is too large: no {name} among its first {read} bytes, and no more can be read "
            "in the time that a function has. Write large files to /opt/ml/model or "
            "/opt/ml/checkpoints, and reports alone to /opt/ml/output/data"
        )

    with _opened(site, uri, RESERVE, too_large) as archive:
        for member in archive:
            if member.isfile() and PurePosixPath(member.name) == PurePosixPath(name):
                return _content(archive, member, uri)
    return None


def refused_members(site: Site, uri: str) -> list[str]:
    """What is in the model archive at ``uri`` and SageMaker cannot unpack, in words.

    An archive that cannot be read to its end in LOOK seconds is looked at as far as they reach,
    and one that is gone is left to Register, which copies it. Raises TrainingFailed when the
    object is no archive.
    """
    found: list[str] = []
    reserve = max(site.seconds_left() - LOOK, RESERVE)
    try:
        with _opened(site, uri, reserve, lambda read: _LookedEnough()) as archive:
            for fault in faults_of(archive):
                found.append(fault)  # one by one: what was seen counts when the time is over
    except _LookedEnough:
        pass
    except ClientError as error:
        if code_of(error) not in MISSING_CODES:
            raise
    return found


class _LookedEnough(Exception):
    """The time for a look is over."""


@contextmanager
def _opened(
    site: Site, uri: str, reserve: float, over: Callable[[int], Exception]
) -> Iterator[tarfile.TarFile]:
    """The archive at ``uri`` as a stream; see _InTime. Raises TrainingFailed when it is none."""
    bucket, key = split_uri(uri)
    body = site.clients.s3.get_object(Bucket=bucket, Key=key)["Body"]
    try:
        stream = _InTime(site, body, reserve, over)
        with body, tarfile.open(fileobj=stream, mode="r|gz") as archive:
            yield archive
    except tarfile.TarError as error:
        raise TrainingFailed(f"{uri} is not a readable tar.gz: {error}") from None


class _InTime(RawIOBase):
    """A stream that is read while the function has ``reserve`` seconds left.

    Then it raises what ``over`` makes of the number of bytes that were read.
    """

    def __init__(
        self, site: Site, body: Any, reserve: float, over: Callable[[int], Exception]
    ) -> None:
        self._site, self._body, self._reserve, self._over = site, body, reserve, over
        self._read = 0

    def read(self, size: int = -1, /) -> bytes:
        if self._site.seconds_left() < self._reserve:
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
