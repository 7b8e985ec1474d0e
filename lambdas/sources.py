"""The messages that ask for a release: a push, new data, or a person's request."""

import json
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, StringConstraints, ValidationError

from modelwharf.artifact.contract import Contract
from modelwharf.contracts.request import ReleaseRequest
from modelwharf.contracts.text import KEY_LIMIT, Commit, Name

BRANCH = "refs/heads/"
ZERO_COMMIT = "0" * 40  # git's notation for a reference that was deleted
SHOWN = 100  # characters of the message, in an error
SHOWN_FINDINGS = 5

T = TypeVar("T", bound=Contract)


class UnreadableMessage(ValueError):
    """A message on the topic that has none of the three shapes."""


class Reference(Contract):
    """One reference that a push changed. ``deleted``: the push deleted it."""

    commit: Commit
    ref: str
    deleted: bool = False


class Push(Contract):
    """Everything that one push changed; the push of a mirror may hold a thousand references."""

    references: tuple[Reference, ...]
    pushed_by: str = ""

    def to(self, branch: str) -> Reference | None:
        """Return what it did to that branch."""
        wanted = BRANCH + branch
        return next((one for one in self.references if one.ref == wanted), None)


def _utf8(text: str) -> str:
    if len(text.encode()) > KEY_LIMIT:
        raise ValueError(f"a key has at most {KEY_LIMIT} bytes")
    return text


class DataArrived(Contract):
    """A new object, or a new version of one."""

    bucket: Name
    key: Annotated[str, StringConstraints(min_length=1), AfterValidator(_utf8)]


Message = Push | DataArrived | ReleaseRequest


def read_message(text: str) -> Message:
    """Return the change that a message describes.

    Raises UnreadableMessage, which says what is accepted.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise UnreadableMessage(f"the message is not JSON: {text[:SHOWN]!r}. {ACCEPTED}") from None
    if not isinstance(document, dict):
        raise UnreadableMessage(f"the message is not a JSON object: {text[:SHOWN]!r}. {ACCEPTED}")
    if "Records" in document:
        return _read("the trigger message", lambda: _push(document))
    if "detail-type" in document:
        return _read("the S3 event", lambda: _data_arrived(document))
    return _read("the request", lambda: ReleaseRequest.model_validate(document))


ACCEPTED = (
    "Accepted are CodeCommit's trigger message, EventBridge's S3 'Object Created' event, and a "
    'request such as {"source": "request", "commit": null, "reason": "try again"}'
)


def _read(what: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except KeyError as error:
        raise UnreadableMessage(f"{what} lacks {error}. {ACCEPTED}") from None
    except (TypeError, AttributeError):
        raise UnreadableMessage(f"{what} has another shape. {ACCEPTED}") from None
    except ValidationError as error:
        findings = "; ".join(
            _finding(what, item) for item in error.errors(include_url=False)[:SHOWN_FINDINGS]
        )
        raise UnreadableMessage(f"{findings}. {ACCEPTED}") from None


HINTS = {
    "commit": "; a commit is named by its full id, 40 lower-case hexadecimal digits: "
    "`git rev-parse HEAD` prints one"
}


def _finding(what: str, item: Any) -> str:
    """Say where, which value, and what is allowed; the value in ASCII, as it may not be text."""
    where = ".".join(ascii(part).strip("'") for part in item["loc"]) or "key"
    value = ascii(item["input"])[:SHOWN]
    words = item["msg"].removeprefix("Value error, ")
    return f"{what}'s {where[:SHOWN]} is {value}: {words}{HINTS.get(where, '')}"


def _push(document: dict[str, Any]) -> Push:
    """Read CodeCommit's trigger message. Raises KeyError and the like when a field is missing."""
    references = []
    pushed_by = ""
    for record in document["Records"]:
        pushed_by = pushed_by or str(record.get("userIdentityARN", ""))
        for reference in record["codecommit"]["references"]:
            commit = reference.get("commit") or ZERO_COMMIT
            gone = bool(reference.get("deleted")) or commit == ZERO_COMMIT
            references.append(Reference(commit=commit, ref=reference["ref"], deleted=gone))
    return Push(references=tuple(references), pushed_by=pushed_by)


def _data_arrived(document: dict[str, Any]) -> DataArrived:
    detail = document["detail"]
    return DataArrived(bucket=detail["bucket"]["name"], key=detail["object"]["key"])
