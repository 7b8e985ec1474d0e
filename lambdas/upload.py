"""Inputs that were uploaded in one command and make one release once all have arrived."""

from collections.abc import Mapping

from botocore.exceptions import ClientError

from lambdas.archive import MISSING_CODES
from lambdas.errors import code_of
from lambdas.runtime import Runtime
from modelwharf.artifact.contract import Contract
from modelwharf.contracts.names import UPLOAD_METADATA
from modelwharf.contracts.parameters import Data


class Upload(Contract):
    """Metadata that `wharf data put` writes on each object: the same ``id``, inputs in order."""

    id: str
    inputs: tuple[str, ...]


def upload_of(runtime: Runtime, key: str) -> Upload | None:
    """Return the upload of the object's newest version; None: it was uploaded alone."""
    try:
        head = runtime.clients.s3.head_object(Bucket=runtime.environment.data_bucket, Key=key)
    except ClientError as error:
        if code_of(error) not in MISSING_CODES:
            raise
        return None
    return _read(head.get("Metadata", {}))


def is_whole(runtime: Runtime, data: Data, upload: Upload) -> bool:
    """Whether the upload's last input exists. One that is no longer configured is not waited for.

    The check is for the object, not for its event. So a copy of an earlier object, which keeps the
    metadata, is released as well.
    """
    last = data.inputs.get(upload.inputs[-1])
    return last is None or upload_of(runtime, last.key) == upload


def _read(metadata: Mapping[str, str]) -> Upload | None:
    identity, _, inputs = metadata.get(UPLOAD_METADATA, "").partition(" ")
    return Upload(id=identity, inputs=tuple(inputs.split(","))) if inputs else None
