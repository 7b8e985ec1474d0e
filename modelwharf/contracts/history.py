"""A release's states, read only from its execution's history.

The events are those of Step Functions' GetExecutionHistory, oldest first:
https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import ValidationError

from modelwharf.artifact.contract import Contract
from modelwharf.contracts.release import Failure, ReleaseDocument

Event = Mapping[str, Any]

_STARTS = frozenset({"TaskScheduled", "LambdaFunctionScheduled", "ActivityScheduled"})
_FAILURES = frozenset(
    f"{kind}{end}"
    for kind in ("Task", "LambdaFunction", "Activity")
    for end in ("Failed", "TimedOut", "StartFailed", "SubmitFailed", "ScheduleFailed")
) | {"EvaluationFailed"}
_FAN_OUT_FAILURES = frozenset({"ParallelStateFailed", "MapStateFailed"})


class StateStatus(StrEnum):
    """Where a state is."""

    RUNNING = "running"
    RETRYING = "retrying"
    """An attempt failed; another may follow."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    """Ended from outside: a sibling failed, or the execution was stopped."""


class StateRow(Contract):
    """One state that a release went through."""

    name: str
    kind: str
    """``Task``, ``Parallel``, ``Choice``, ``Fail`` …"""
    parent: str | None
    """The Parallel or Map state around it."""
    status: StateStatus
    entered: datetime
    exited: datetime | None = None
    attempts: int = 0
    error: str | None = None
    cause: str | None = None
    waits_for: str | None = None

    @property
    def is_over(self) -> bool:
        return self.exited is not None

    def failure(self) -> Failure:
        """The error, as Step Functions' Catch would pass it on."""
        return Failure(Error=self.error or "", Cause=self.cause or "")


def read_events(
    stepfunctions: Any, execution: str, *, documents: bool = True
) -> list[dict[str, Any]]:
    """Return the whole history of the execution (its ARN), oldest event first.

    ``stepfunctions`` is a boto3 client. Without ``documents`` the events omit the states' input and
    output. Raises ClientError, also for an unknown execution.
    """
    request: dict[str, Any] = {"executionArn": execution, "maxResults": 1000}
    if not documents:
        request["includeExecutionData"] = False
    events: list[dict[str, Any]] = []
    while True:
        page = stepfunctions.get_execution_history(**request)
        events += page["events"]
        if not page.get("nextToken"):
            return events
        request["nextToken"] = page["nextToken"]


def states(events: Iterable[Event]) -> tuple[StateRow, ...]:
    """Return the states in the order they were entered."""
    reading = _Reading([], {})
    for event in events:
        reading.read(event)
    return tuple(reading.rows)


def latest_document(events: Iterable[Event]) -> ReleaseDocument | None:
    """Return the release document as far as the history shows it."""
    found = None
    for event in events:
        for text in _payloads(event):
            found = _document(text) or found
    return found


def failed_state(rows: Iterable[StateRow]) -> StateRow | None:
    """Return the innermost state whose failure ended the release: the first that failed."""
    failed = [row for row in rows if row.status is StateStatus.FAILED and row.kind == "Task"]
    return failed[0] if failed else None


def _payloads(event: Event) -> Iterable[str]:
    yield event.get("executionStartedEventDetails", {}).get("input", "")
    yield event.get("stateEnteredEventDetails", {}).get("input", "")
    yield event.get("stateExitedEventDetails", {}).get("output", "")
    yield event.get("executionSucceededEventDetails", {}).get("output", "")


def _document(text: str) -> ReleaseDocument | None:
    if not text.startswith("{"):
        return None
    try:
        return ReleaseDocument.model_validate_json(text)
    except ValidationError:
        return None  # a branch of a Parallel returns its own result, not the document


@dataclass
class _Reading:
    """The rows so far, and which row each event belongs to."""

    rows: list[StateRow]
    owners: dict[int, int]

    def read(self, event: Event) -> None:
        owner = self._owner(event)
        if owner is not None:
            self.owners[event["id"]] = owner
        self._apply(event, owner)

    def _owner(self, event: Event) -> int | None:
        kind: str = event["type"]
        if kind.endswith("StateEntered"):
            return len(self.rows)
        if kind.endswith(("StateExited", "StateAborted")):
            named = self._open(event.get("stateExitedEventDetails", {}).get("name"))
            return named if named is not None else self._chained(event)
        if kind in _FAN_OUT_FAILURES:
            return self._around(self._chained(event))
        return self._chained(event)

    def _apply(self, event: Event, owner: int | None) -> None:
        kind: str = event["type"]
        if kind.endswith("StateEntered"):
            self.rows.append(self._entered(event))
        elif kind.startswith("Execution") and kind != "ExecutionStarted":
            self._end_all(event)
        elif owner is not None:
            self._apply_to(event, owner)

    def _apply_to(self, event: Event, owner: int) -> None:
        kind: str = event["type"]
        if kind in _STARTS:
            attempts = self.rows[owner].attempts + 1
            self._change(
                owner, status=StateStatus.RUNNING, attempts=attempts, error=None, cause=None
            )
        elif kind in _FAILURES:
            self._change(owner, status=StateStatus.RETRYING, **_failure(event))
        elif kind in _FAN_OUT_FAILURES:
            self._fail_around(event, owner)
        elif kind.endswith("StateExited"):
            self._end(owner, event, _ended(self.rows[owner].status))
        elif kind.endswith("StateAborted"):
            self._end(owner, event, StateStatus.STOPPED)

    def _entered(self, event: Event) -> StateRow:
        return StateRow(
            name=event["stateEnteredEventDetails"]["name"],
            kind=event["type"].removesuffix("StateEntered"),
            parent=self._parent(event.get("previousEventId")),
            status=StateStatus.RUNNING,
            entered=event["timestamp"],
        )

    def _parent(self, previous: int | None) -> str | None:
        """A Parallel's first state follows its start; later states follow their predecessor."""
        owner = self.owners.get(previous or 0)
        if owner is None:
            return None
        before = self.rows[owner]
        inside = before.kind in {"Parallel", "Map"} and not before.is_over
        return before.name if inside else before.parent

    def _fail_around(self, event: Event, owner: int) -> None:
        culprit = self._chained(event)
        if culprit is not None and culprit != owner:
            row = self.rows[culprit]
            self._change(owner, error=row.error, cause=row.cause)
            if not row.is_over:
                self._end(culprit, event, StateStatus.FAILED)
        self._change(owner, status=StateStatus.RETRYING)
        self._stop_inside(self.rows[owner].name, event)

    def _stop_inside(self, parent: str, event: Event) -> None:
        for index, row in enumerate(self.rows):
            if row.parent == parent and not row.is_over:
                self._end(index, event, StateStatus.STOPPED)

    def _end_all(self, event: Event) -> None:
        status = {
            "ExecutionSucceeded": StateStatus.SUCCEEDED,
            "ExecutionAborted": StateStatus.STOPPED,
        }.get(event["type"], StateStatus.FAILED)
        for index, row in enumerate(self.rows):
            if row.is_over:
                continue
            if event["type"] == "ExecutionTimedOut" and row.error is None:
                self._change(index, error="States.Timeout", cause="the release ran out of time")
            elif event["type"] == "ExecutionFailed" and row.error is None:
                self._change(index, **_failure(event))
            self._end(index, event, status)

    def _end(self, index: int, event: Event, status: StateStatus) -> None:
        self._change(index, status=status, exited=event["timestamp"])

    def _change(self, index: int, **fields: Any) -> None:
        self.rows[index] = self.rows[index].model_copy(update=fields)

    def _chained(self, event: Event) -> int | None:
        return self.owners.get(event.get("previousEventId", 0))

    def _open(self, name: str | None) -> int | None:
        for index in range(len(self.rows) - 1, -1, -1):
            if self.rows[index].name == name and not self.rows[index].is_over:
                return index
        return None

    def _around(self, inner: int | None) -> int | None:
        """The open Parallel or Map state that ``inner`` is in, or is."""
        if inner is None:
            return None
        row = self.rows[inner]
        return inner if row.kind in {"Parallel", "Map"} else self._open(row.parent)


def _ended(status: StateStatus) -> StateStatus:
    """A state that exits after a failed attempt exits by its Catch."""
    return StateStatus.FAILED if status is StateStatus.RETRYING else StateStatus.SUCCEEDED


def _failure(event: Event) -> dict[str, str | None]:
    for key, details in event.items():
        if key.endswith("EventDetails") and isinstance(details, Mapping):
            default = "States.Timeout" if event["type"].endswith("TimedOut") else None
            return {"error": details.get("error", default), "cause": details.get("cause")}
    return {"error": None, "cause": None}
