"""Transfers between S3 and this machine, for jobs and servers.

Every transfer uses the execution role's own credentials, so that its policy is judged. Errors have
the text of SageMaker's FailureReason: the operation, the object and S3's own message. They contain
no names of temporary files, which mean nothing to the reader.
"""

import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from botocore.exceptions import BotoCoreError, ClientError

from modelwharf.contracts import model_archive


class DataError(Exception):
    """A download or upload failed. The message is for the FailureReason."""


class NothingFound(DataError):
    """No object is under a prefix. SageMaker has a text of its own for this."""


@dataclass(frozen=True)
class S3Object:
    """One object under a prefix. ``name`` is its path below the prefix's last folder."""

    bucket: str
    key: str
    name: str

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True)
class Shard:
    """One host's part of a prefix's objects: every ``of``-th object, in the order of their keys."""

    number: int = 0
    """The host's number, from 0."""
    of: int = 1


ALL = Shard()


@contextmanager
def told_as(prefix: str) -> Iterator[None]:
    """Put SageMaker's text for this kind of transfer before the reason."""
    try:
        yield
    except NothingFound:
        raise
    except DataError as error:
        raise DataError(f"{prefix}{error}") from None


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of ``s3://bucket/key``. Raises DataError."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket:
        raise DataError(f"{uri!r} is not an S3 URI; write s3://bucket/prefix")
    return bucket, key


def join_uri(uri: str, *parts: str) -> str:
    return "/".join([uri.rstrip("/"), *parts])


def objects_under(s3: Any, uri: str) -> list[S3Object]:
    """Every object under a prefix except folder marker objects. Raises DataError."""
    bucket, prefix = split_uri(uri)
    found = 0
    objects = []
    with _reading(uri):
        for key in _keys(s3, bucket, prefix):
            found += 1
            name = _relative(key, prefix)
            if name:
                objects.append(S3Object(bucket, key, name))
    if not found:
        raise NothingFound(
            f"No S3 objects found under S3 URL {uri!r} given in input data source. Please ensure "
            "that the bucket exists in the selected region, that objects exist under that S3 "
            "prefix, and that the role has s3:ListBucket permissions on the bucket."
        )
    return objects


def download_prefix(s3: Any, uri: str, folder: Path, shard: Shard = ALL) -> None:
    """Download every object under a prefix with its path, as File mode does. Raises DataError."""
    folder.mkdir(parents=True, exist_ok=True)
    for found in objects_under(s3, uri)[shard.number :: shard.of]:
        download(s3, found, folder / found.name)


def download(s3: Any, found: S3Object, target: Path) -> None:
    """Download one object. Raises DataError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with _reading(found.uri):
        _download(s3, found.bucket, found.key, target)


def read(s3: Any, uri: str) -> bytes:
    """Read one small object. Raises DataError."""
    bucket, key = split_uri(uri)
    with _reading(uri):
        body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return body


def _download(s3: Any, bucket: str, key: str, target: Path) -> None:
    # download_file would send HeadObject first, and a refused HeadObject gives no reason.
    body = s3.get_object(Bucket=bucket, Key=key)["Body"]
    with target.open("wb") as file:
        shutil.copyfileobj(body, file)


def _keys(s3: Any, bucket: str, prefix: str) -> Iterator[str]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", []):
            yield item["Key"]


def _relative(key: str, prefix: str) -> str:
    """The path below the prefix's last folder; empty for a folder's own marker object."""
    start = prefix.rfind("/") + 1
    relative = key[start:] if not prefix.endswith("/") else key[len(prefix) :]
    parts = PurePosixPath(relative).parts
    if relative.endswith("/") or ".." in parts:
        return ""
    # A prefix may name a folder without the last slash.
    name = prefix[start:]
    if name and len(parts) > 1 and parts[0] == name:
        parts = parts[1:]
    return "/".join(parts)


def upload_folder(s3: Any, folder: Path, uri: str, key_id: str | None = None) -> None:
    """Upload every file of a folder to a prefix. Raises DataError."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            upload(s3, path, join_uri(uri, path.relative_to(folder).as_posix()), key_id)


def upload_archive(s3: Any, folder: Path, uri: str, key_id: str | None = None) -> None:
    """Upload a folder as one tar.gz. Raises DataError."""
    with tempfile.TemporaryFile(suffix=".tar.gz") as file:
        with tarfile.open(fileobj=file, mode="w:gz") as archive:
            for path in sorted(folder.iterdir()):
                archive.add(path, arcname=path.name)
        file.seek(0)
        _put(s3, file, uri, key_id)


def upload(s3: Any, path: Path, uri: str, key_id: str | None = None) -> None:
    """Upload one file, encrypted with the KMS key if one is given. Raises DataError."""
    with path.open("rb") as file:
        _put(s3, file, uri, key_id)


def _put(s3: Any, file: BinaryIO, uri: str, key_id: str | None) -> None:
    bucket, key = split_uri(uri)
    encryption: Mapping[str, str] = (
        {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key_id} if key_id else {}
    )
    try:
        # The error of upload_file names the local file, and is not a ClientError.
        s3.upload_fileobj(file, bucket, key, ExtraArgs=dict(encryption))
    except (ClientError, BotoCoreError) as error:
        raise DataError(f"Failed to upload {uri}. {in_words(error, 'Upload')}") from None


def download_archive(s3: Any, uri: str, folder: Path) -> None:
    """Download a tar.gz and unpack it. Raises DataError."""
    bucket, key = split_uri(uri)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.NamedTemporaryFile(suffix=".tar.gz") as file:
            with _reading(uri):
                _download(s3, bucket, key, Path(file.name))
            with tarfile.open(file.name) as archive:
                faults = list(model_archive.faults_of(archive))
                if faults:
                    raise DataError(
                        f"Failed to extract model data archive {uri}: "
                        f"{model_archive.in_words(faults)}. {model_archive.ADVICE}"
                    )
                archive.extractall(folder, filter="data")
    except (tarfile.TarError, EOFError) as error:
        raise DataError(f"Failed to extract model data archive {uri}: {error}") from None


@contextmanager
def _reading(uri: str) -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise DataError(f"Failed to download data. {in_words(error, 'Reading', uri)}") from None


def in_words(error: ClientError | BotoCoreError, doing: str, uri: str | None = None) -> str:
    """``GetObject failed for s3://bucket/key: AccessDenied: User: … is not authorized …``."""
    where = f" for {uri}" if uri else ""
    if not isinstance(error, ClientError):
        return f"{doing} failed{where}: {error}"
    said = error.response.get("Error", {})
    return f"{error.operation_name} failed{where}: {said.get('Code')}: {said.get('Message')}"
