"""A request for a release: by a push, new data, a person or a schedule."""

from enum import StrEnum

from modelwharf.artifact.contract import Contract
from modelwharf.contracts.text import Commit, FreeText, Name


class TriggerSource(StrEnum):
    """The source of the request."""

    PUSH = "push"
    DATA = "data"
    REQUEST = "request"


class ReleaseRequest(Contract):
    """One request for a release.

    ``commit`` is a full git commit id; None means the head of the configured branch.
    ``reason`` is part of the release's identity: the same inputs with another reason make another
    release. So a failed release can be repeated.
    """

    source: TriggerSource
    commit: Commit | None = None
    branch: Name | None = None
    reason: FreeText = ""
    requested_by: FreeText = ""
