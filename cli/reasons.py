"""Causes as Step Functions keeps them, in plain words."""

import json

MEANINGS = {
    "States.Timeout": "it did not finish in the time the state machine allows",
    "States.TaskFailed": "the task failed without saying why",
    "States.HeartbeatTimeout": "it gave no sign of life in time",
    "ABORTED": "someone stopped the release",
    "TIMED_OUT": "the release ran out of time",
}


def plain_cause(error: str, cause: str | None) -> str:
    """Return the cause as a sentence.

    A Lambda's failure arrives as JSON, ``{"errorType", "errorMessage", …}``; what
    SendTaskFailure sent is plain text already; a timeout has no cause at all.
    """
    text = _message(cause or "").strip()
    return text or MEANINGS.get(error, "no cause was given")


def _message(cause: str) -> str:
    if not cause.startswith("{"):
        return cause
    try:
        document = json.loads(cause)
    except json.JSONDecodeError:
        return cause
    return str(document.get("errorMessage") or cause)
