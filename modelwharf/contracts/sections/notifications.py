"""The section ``notifications``: what the team hears of."""

from enum import StrEnum

from modelwharf.artifact.contract import Contract


class Outcome(StrEnum):
    """What a notification tells of."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    APPROVAL = "approval"
    SKIPPED = "skipped"
    ELSEWHERE = "elsewhere"
    """A push to another branch or to a tag. Nobody hears of it unless the team names it."""


class Notifications(Contract):
    """Which outcomes are published to the notifications topic."""

    outcomes: tuple[Outcome, ...] = tuple(one for one in Outcome if one is not Outcome.ELSEWHERE)
