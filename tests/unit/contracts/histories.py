"""Execution histories as Step Functions tells them, written by hand for tests."""

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from modelwharf.contracts.release import ReleaseDocument

START = datetime(2026, 11, 21, 9, 0, 0, tzinfo=UTC)
COMMIT = "0123456789abcdef0123456789abcdef01234567"
RELEASE = "r-0123456789abcdef"


def document(**sections: Any) -> dict[str, Any]:
    """A release document as JSON values, with these sections filled in."""
    trigger = {
        "source": "push",
        "commit": COMMIT,
        "branch": "main",
        "data_versions": {"wti": "v1"},
        "parameter_versions": {"data": 2, "source": 1},
        "reason": "",
        "requested_by": "ada",
        **sections.pop("trigger", {}),
    }
    whole = {"release_id": RELEASE, "project": "oil-price", "trigger": trigger, **sections}
    return ReleaseDocument.model_validate(whole).model_dump(mode="json", by_alias=True)


class History:
    """Events one second apart, each chained to the one before it unless told otherwise."""

    def __init__(self, given: dict[str, Any] | None = None) -> None:
        self.events: list[dict[str, Any]] = []
        self._ids = itertools.count(1)
        text = json.dumps(given or document())
        self.add("ExecutionStarted", after=0, executionStartedEventDetails={"input": text})

    def add(self, kind: str, *, after: int | None = None, **details: Any) -> int:
        """Append an event; return its id. ``after`` is the event that it follows from."""
        number = next(self._ids)
        previous = number - 1 if after is None else after
        self.events.append(
            {
                "id": number,
                "previousEventId": 0 if previous == 1 else previous,
                "type": kind,
                "timestamp": START + timedelta(seconds=number),
                **details,
            }
        )
        return number

    def enter(
        self, name: str, *, kind: str = "Task", after: int | None = None, given: Any = None
    ) -> int:
        details = {"name": name, "input": json.dumps(given or {})}
        return self.add(f"{kind}StateEntered", after=after, stateEnteredEventDetails=details)

    def leave(
        self, name: str, *, kind: str = "Task", after: int | None = None, result: Any = None
    ) -> int:
        details = {"name": name, "output": json.dumps(result or {})}
        return self.add(f"{kind}StateExited", after=after, stateExitedEventDetails=details)

    def schedule(self, *, after: int | None = None) -> int:
        number = self.add("TaskScheduled", after=after, taskScheduledEventDetails={})
        return self.add("TaskStarted", after=number, taskStartedEventDetails={})

    def succeed(self, *, after: int | None = None) -> int:
        return self.add("TaskSucceeded", after=after, taskSucceededEventDetails={})

    def fail(self, error: str, cause: str = "", *, after: int | None = None) -> int:
        details = {"error": error, "cause": cause}
        return self.add("TaskFailed", after=after, taskFailedEventDetails=details)

    def run(self, name: str, *, result: Any = None) -> int:
        """A task that is entered, works at once and is left."""
        self.enter(name)
        self.schedule()
        self.succeed()
        return self.leave(name, result=result)


def parallel() -> tuple[History, int, int]:
    """BuildImages with both its branches waiting, their events mixed; their last event ids."""
    history = History()
    history.enter("BuildImages", kind="Parallel")
    started = history.add("ParallelStateStarted")
    training = history.enter("BuildTrainingImage", after=started)
    inference = history.enter("BuildInferenceImage", after=started)
    inference = history.schedule(after=inference)
    training = history.schedule(after=training)
    return history, training, inference
