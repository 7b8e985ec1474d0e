"""The ``/opt/ml`` tree of a job or a server: what SageMaker puts there and takes from there.

Every byte moves with the execution role's own credentials, so that its policy is judged.
"""

import json
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

OPT_ML = PurePosixPath("/opt/ml")
HOST = "algo-1"
REASON_LIMIT = 1024  # characters of FailureReason and ExitMessage


class DataError(Exception):
    """Data cannot be fetched or put; the message is AWS's, for the FailureReason."""


@dataclass(frozen=True)
class JobTree:
    """``folder`` is the host folder that the program knows as ``/opt/ml``."""

    folder: Path

    @classmethod
    def create(cls, parent: Path, *parts: str) -> "JobTree":
        """A fresh tree. ``parts`` are the folders that are there before the program starts."""
        shutil.rmtree(parent, ignore_errors=True)
        tree = cls(parent / "ml")
        for part in parts:
            (tree.folder / part).mkdir(parents=True, exist_ok=True)
        return tree

    def host(self, path: str) -> Path:
        """Where a path under ``/opt/ml`` is on this machine. Raises ValueError for another."""
        relative = PurePosixPath(path).relative_to(OPT_ML)
        if ".." in relative.parts:
            raise ValueError(f"{path} leaves {OPT_ML}")
        return self.folder / relative

    def write_config(self, name: str, content: Any) -> None:
        """A configuration file of SageMaker's, such as ``input/config/hyperparameters.json``."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))

    def text(self, name: str) -> str | None:
        """What the program left in a file, at most as much as a Describe call shows."""
        path = self.folder / name
        if not path.is_file():
            return None
        with path.open(errors="replace") as file:
            return file.read(REASON_LIMIT).strip()


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of ``s3://bucket/key``. Raises DataError."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket:
        raise DataError(f"{uri!r} is not an S3 URI; write s3://bucket/prefix")
    return bucket, key


def join_uri(uri: str, *parts: str) -> str:
    return "/".join([uri.rstrip("/"), *parts])


def download_prefix(s3: Any, uri: str, folder: Path) -> None:
    """Fetch every object under a prefix, paths kept, as File mode does. Raises DataError."""
    bucket, prefix = split_uri(uri)
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    try:
        for key in _keys(s3, bucket, prefix):
            relative = _relative(key, prefix)
            if relative:
                target = folder / relative
                target.parent.mkdir(parents=True, exist_ok=True)
                _download(s3, bucket, key, target)
            count += 1
    except (ClientError, BotoCoreError) as error:
        raise DataError(f"Data download failed: {error} (S3 URL {uri})") from None
    if not count:
        raise DataError(
            f"No S3 objects found under S3 URL {uri!r} given in input data source. Please ensure "
            "that the bucket exists in the selected region, that objects exist under that S3 "
            "prefix, and that the role has s3:ListBucket permissions on the bucket."
        )


def _download(s3: Any, bucket: str, key: str, target: Path) -> None:
    # Not download_file: it asks for the head first, and a refused head cannot say why.
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
    # A prefix that names a folder without the last slash is that folder, too.
    name = prefix[start:]
    if name and len(parts) > 1 and parts[0] == name:
        parts = parts[1:]
    return "/".join(parts)


def upload_folder(s3: Any, folder: Path, uri: str) -> None:
    """Put every file of a folder under a prefix. Raises DataError."""
    bucket, prefix = split_uri(uri)
    try:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                s3.upload_file(
                    str(path), bucket, _join(prefix, path.relative_to(folder).as_posix())
                )
    except (ClientError, BotoCoreError, OSError) as error:
        raise DataError(f"Upload to {uri} failed: {error}") from None


def _join(prefix: str, name: str) -> str:
    return f"{prefix.rstrip('/')}/{name}" if prefix else name


def upload_archive(s3: Any, folder: Path, uri: str) -> None:
    """Put a folder as one tar.gz. Raises DataError."""
    bucket, key = split_uri(uri)
    try:
        with tempfile.NamedTemporaryFile(suffix=".tar.gz") as file:
            with tarfile.open(fileobj=file, mode="w:gz") as archive:
                for path in sorted(folder.iterdir()):
                    archive.add(path, arcname=path.name)
            file.flush()
            s3.upload_file(file.name, bucket, key)
    except (ClientError, BotoCoreError, OSError) as error:
        raise DataError(f"Upload to {uri} failed: {error}") from None


def download_archive(s3: Any, uri: str, folder: Path) -> None:
    """Fetch a tar.gz and unpack it. Raises DataError."""
    bucket, key = split_uri(uri)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.NamedTemporaryFile(suffix=".tar.gz") as file:
            _download(s3, bucket, key, Path(file.name))
            with tarfile.open(file.name) as archive:
                archive.extractall(folder, filter="data")
    except (ClientError, BotoCoreError) as error:
        raise DataError(f"Could not download the model data from {uri}: {error}") from None
    except (tarfile.TarError, EOFError) as error:
        raise DataError(f"Failed to extract model data archive {uri}: {error}") from None


def failure_reason(kind: str, text: str, code: int | None = None) -> str:
    """``AlgorithmError: text, exit code: 1``, cut so that the exit code stays readable."""
    ending = "" if code is None else f", exit code: {code}"
    head = f"{kind}: {text}"
    return head[: REASON_LIMIT - len(ending)] + ending


def plain(value: Any) -> Any:
    """Mappings and lists of moto's parser as plain ones, ready for JSON."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
