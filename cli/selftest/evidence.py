"""What a selftest saw, gathered before anything is judged."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cli.history import StateRow, StateStatus
from contracts.release import ReleaseDocument

Event = Mapping[str, Any]
TASK_EVENTS = {
    f"Task{what}"
    for what in ("Scheduled", "Started", "Submitted", "Succeeded", "Failed", "TimedOut")
}


@dataclass(frozen=True)
class Refusal:
    """How a service answered a wrong call; ``code`` is "" when it accepted it."""

    code: str
    words: str


@dataclass(frozen=True)
class Answer:
    """What InvokeEndpoint gave for ``{"add": 1}``."""

    body: str
    content_type: str
    variant: str


@dataclass
class Evidence:
    """Of one release. What was not reached is empty."""

    release: str | None = None
    status: str = ""
    error: str = ""
    history: list[Event] = field(default_factory=list)
    """GetExecutionHistory, oldest first."""
    rows: tuple[StateRow, ...] = ()
    document: ReleaseDocument | None = None
    job_ends: dict[str, datetime] = field(default_factory=dict)
    """State → when the service says that its job ended."""
    denials: list[str] = field(default_factory=list)
    """Lines of resume-release's log that hold an AccessDenied."""
    gaps: list[str] = field(default_factory=list)
    """What could not be looked at, and why."""
    notifications: list[str] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    """Of services, as EventBridge handed them on."""
    refusals: dict[str, Refusal] = field(default_factory=dict)
    """Wrong call → how it was refused."""
    answer: Answer | None = None

    def row(self, state: str) -> StateRow | None:
        return next((row for row in self.rows if row.name == state), None)

    def ended(self, state: str) -> datetime | None:
        """When the state was left with success."""
        row = self.row(state)
        if row is None or row.status is not StateStatus.SUCCEEDED:
            return None
        return row.exited

    def task_types(self, state: str) -> list[str]:
        """The types of the events of a state's last attempt, in the order of their ids."""
        found: list[str] = []
        for event in self._of(state):
            if event["type"] == "TaskScheduled":
                found = []
            if event["type"] in TASK_EVENTS:
                found.append(event["type"])
        return found

    def _of(self, state: str) -> Iterator[Event]:
        """Events chained to the state's entry: branches of a Parallel are written between."""
        chain: set[int] = set()
        for event in sorted(self.history, key=lambda one: int(one["id"])):
            entered = event.get("stateEnteredEventDetails", {}).get("name") == state
            if entered or (
                event.get("previousEventId") in chain and not event["type"].endswith("StateEntered")
            ):
                chain.add(event["id"])
                yield event
