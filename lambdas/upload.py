"""Several inputs that were uploaded in one command, and make one release when all have come."""

from collections.abc import Mapping

from botocore.exceptions import ClientError

from contracts.model import Contract
from contracts.names import UPLOAD_METADATA
from contracts.parameters import Data
from lambdas.archive import MISSING_CODES
from lambdas.errors import code_of
from lambdas.site import Site


class Upload(Contract):
    """What `wharf data put` writes on each object: the same ``id``, the inputs in their order."""

    id: str
    inputs: tuple[str, ...]


def upload_of(site: Site, key: str) -> Upload | None:
    """The upload that the newest version of the object is part of; None: it came alone."""
    try:
        head = site.clients.s3.head_object(Bucket=site.environment.data_bucket, Key=key)
    except ClientError as error:
        if code_of(error) not in MISSING_CODES:
            raise
        return None
    return _read(head.get("Metadata", {}))


def is_whole(site: Site, data: Data, upload: Upload) -> bool:
    """Whether its last input is there. One that nobody configures any more is not waited for.

    That it is there, not that this is its event: so a copy of an earlier object, which keeps the
    metadata, is released as well.
    """
    last = data.inputs.get(upload.inputs[-1])
    return last is None or upload_of(site, last.key) == upload


def _read(metadata: Mapping[str, str]) -> Upload | None:
    identity, _, inputs = metadata.get(UPLOAD_METADATA, "").partition(" ")
    return Upload(id=identity, inputs=tuple(inputs.split(","))) if inputs else None
