"""A wish for a release, whoever voices it: a push, new data, a person, a schedule."""

from enum import StrEnum

from contracts.model import Contract
from contracts.text import Commit, FreeText, Name


class TriggerSource(StrEnum):
    """What asked for the release."""

    PUSH = "push"
    DATA = "data"
    REQUEST = "request"


class ReleaseRequest(Contract):
    """One wish for a release.

    ``commit`` is a full git commit id; None means the head of the configured branch.
    ``reason`` is part of the release's identity: the same ingredients with another reason
    make another release, which is how a failed one is tried again.
    """

    source: TriggerSource
    commit: Commit | None = None
    branch: Name | None = None
    reason: FreeText = ""
    requested_by: FreeText = ""
