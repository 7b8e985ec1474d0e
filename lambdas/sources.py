"""What asks for a release: a push, new data, or someone's wish."""

import json
from typing import Any

from pydantic import ValidationError

from contracts.model import Contract
from contracts.request import ReleaseRequest

BRANCH = "refs/heads/"
ZERO_COMMIT = "0" * 40  # git's way to say that a reference is gone


class UnreadableMessage(ValueError):
    """A message on the topic that is none of the three shapes."""


class Push(Contract):
    """One reference that a push changed. ``deleted``: it is gone."""

    commit: str
    ref: str
    deleted: bool
    pushed_by: str = ""


class DataArrived(Contract):
    """A new object, or a new version of one."""

    bucket: str
    key: str


Message = Push | DataArrived | ReleaseRequest


def read_messages(text: str) -> list[Message]:
    """The changes in one SNS message. Raises UnreadableMessage, which says what is accepted."""
    try:
        document = json.loads(text)
    except ValueError:
        raise UnreadableMessage(f"the message is not JSON: {text[:100]!r}. {ACCEPTED}") from None
    if not isinstance(document, dict):
        raise UnreadableMessage(f"the message is not a JSON object: {text[:100]!r}. {ACCEPTED}")
    if "Records" in document:
        return _pushes(document)
    if "detail-type" in document:
        return [_data_arrived(document)]
    return [_request(document)]


ACCEPTED = (
    "Accepted are CodeCommit's trigger message, EventBridge's S3 'Object Created' event, and a "
    'request such as {"source": "request", "commit": null, "reason": "try again"}'
)


def _pushes(document: dict[str, Any]) -> list[Message]:
    """CodeCommit's trigger message, one Push a reference."""
    try:
        return [
            Push(
                commit=reference.get("commit") or ZERO_COMMIT,
                ref=reference["ref"],
                deleted=bool(reference.get("deleted"))
                or (reference.get("commit") or ZERO_COMMIT) == ZERO_COMMIT,
                pushed_by=str(record.get("userIdentityARN", "")),
            )
            for record in document["Records"]
            for reference in record["codecommit"]["references"]
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise UnreadableMessage(f"the trigger message lacks {error}. {ACCEPTED}") from None
    except ValidationError as error:
        item = error.errors()[0]
        where = ".".join(str(part) for part in item["loc"])
        raise UnreadableMessage(
            f"the trigger message's {where}: {item['msg']}. {ACCEPTED}"
        ) from None


def _data_arrived(document: dict[str, Any]) -> DataArrived:
    try:
        detail = document["detail"]
        return DataArrived(bucket=detail["bucket"]["name"], key=detail["object"]["key"])
    except (KeyError, TypeError) as error:
        raise UnreadableMessage(f"the S3 event lacks {error}. {ACCEPTED}") from None


def _request(document: dict[str, Any]) -> ReleaseRequest:
    try:
        return ReleaseRequest.model_validate(document)
    except ValidationError as error:
        item = error.errors()[0]
        where = ".".join(str(part) for part in item["loc"])
        raise UnreadableMessage(f"the request's {where}: {item['msg']}. {ACCEPTED}") from None
