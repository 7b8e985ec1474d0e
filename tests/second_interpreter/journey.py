"""What an interpreter made of a path, in a form that two of them can be compared in."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Calls = dict[str, list[Any]]


@dataclass(frozen=True)
class Journey:
    """``steps``: (entered or exited, state, its document) of the machine's own states, in order;
    ``calls``: state → the events that its function was called with, branches included."""

    status: str
    error: str | None
    cause: Any
    output: Any
    steps: list[tuple[str, str, Any]]
    calls: Calls = field(default_factory=dict)

    def without_calls(self, names: set[str]) -> "Journey":
        kept = {name: calls for name, calls in self.calls.items() if name not in names}
        return Journey(self.status, self.error, self.cause, self.output, self.steps, kept)


def journey(
    machine: Mapping[str, Any], execution: Mapping[str, Any], events: list[Any], calls: Calls
) -> Journey:
    """Read an execution's description and history, as DescribeExecution and GetExecutionHistory
    answer them."""
    steps = []
    for event in events:
        for key, what in (
            ("stateEnteredEventDetails", "input"),
            ("stateExitedEventDetails", "output"),
        ):
            details = event.get(key)
            if details and details["name"] in machine["States"]:
                document = comparable(json.loads(details[what]))
                steps.append(
                    ("entered" if what == "input" else "exited", details["name"], document)
                )
    output = execution.get("output") if execution["status"] == "SUCCEEDED" else None
    return Journey(
        status=execution["status"],
        error=execution.get("error"),
        cause=_cause(execution.get("error"), execution.get("cause")),
        output=comparable(json.loads(output)) if output else None,
        steps=steps,
        calls={name: [comparable(event) for event in events] for name, events in calls.items()},
    )


def comparable(document: Any) -> Any:
    """The document with the causes of its errors in a form that is the same everywhere."""
    if isinstance(document, list):
        return [comparable(item) for item in document]
    if not isinstance(document, dict):
        return document
    if document.keys() == {"Error", "Cause"}:
        return {"Error": document["Error"], "Cause": _cause(document["Error"], document["Cause"])}
    return {key: comparable(value) for key, value in document.items()}


def _cause(error: str | None, cause: str | None) -> Any:
    """A function's error without its stack trace and request id; a timeout has no words of its own
    (differences.TIMEOUT_CAUSE)."""
    if error == "States.Timeout":
        return ""
    try:
        parsed = json.loads(cause or "")
    except ValueError:
        return cause
    if isinstance(parsed, dict) and "errorType" in parsed:
        return {"errorType": parsed["errorType"], "errorMessage": parsed.get("errorMessage")}
    return cause
