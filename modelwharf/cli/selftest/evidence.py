"""The evidence of a selftest, gathered before any judgement."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from modelwharf.contracts.history import StateRow, StateStatus
from modelwharf.contracts.release import ReleaseDocument

Event = Mapping[str, Any]
TASK_EVENTS = {
    f"Task{what}"
    for what in ("Scheduled", "Started", "Submitted", "Succeeded", "Failed", "TimedOut")
}


@dataclass(frozen=True)
class Refusal:
    """A service's response to a wrong call; ``code`` is "" when it accepted the call."""

    code: str
    words: str


@dataclass(frozen=True)
class Answer:
    """InvokeEndpoint's response to ``{"add": 1}``."""

    body: str
    content_type: str
    variant: str


@dataclass
class Evidence:
    """The evidence of one release. Parts that it did not reach are empty."""

    release: str | None = None
    status: str = ""
    error: str = ""
    history: list[Event] = field(default_factory=list)
    """GetExecutionHistory, oldest first."""
    rows: tuple[StateRow, ...] = ()
    document: ReleaseDocument | None = None
    job_ends: dict[str, datetime] = field(default_factory=dict)
    """State → the time at which its job ended, from the service."""
    denials: list[str] = field(default_factory=list)
    """Lines of resume-release's log that contain AccessDenied."""
    gaps: list[str] = field(default_factory=list)
    """What could not be read, and why."""
    notifications: list[str] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    """Services' events, as EventBridge delivered them."""
    refusals: dict[str, Refusal] = field(default_factory=dict)
    """Wrong call → its refusal."""
    answer: Answer | None = None

    def row(self, state: str) -> StateRow | None:
        return next((row for row in self.rows if row.name == state), None)

    def ended(self, state: str) -> datetime | None:
        """Return when the state succeeded."""
        row = self.row(state)
        if row is None or row.status is not StateStatus.SUCCEEDED:
            return None
        return row.exited

    def task_types(self, state: str) -> list[str]:
        """Return the event types of a state's last attempt, in the order of their ids."""
        found: list[str] = []
        for event in self._of(state):
            if event["type"] == "TaskScheduled":
                found = []
            if event["type"] in TASK_EVENTS:
                found.append(event["type"])
        return found

    def _of(self, state: str) -> Iterator[Event]:
        """Yield the events chained to the state's entry: events of Parallel branches are
        interleaved.
        """
        chain: set[int] = set()
        for event in sorted(self.history, key=lambda one: int(one["id"])):
            entered = event.get("stateEnteredEventDetails", {}).get("name") == state
            if entered or (
                event.get("previousEventId") in chain and not event["type"].endswith("StateEntered")
            ):
                chain.add(event["id"])
                yield event
