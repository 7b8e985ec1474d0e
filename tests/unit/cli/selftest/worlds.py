"""Evidence of a release in which every promise was kept, until a test takes something away."""

import json
from datetime import timedelta
from typing import Any

from modelwharf.cli.selftest.evidence import Answer, Evidence, Refusal
from modelwharf.cli.selftest.observations.event_shapes import READ
from modelwharf.cli.selftest.states import PATH, WAITING
from modelwharf.cli.selftest.wrong_calls import WRONG_CALLS
from modelwharf.contracts.history import states
from modelwharf.contracts.quotas import BUILDS, CODEBUILD, Quota
from modelwharf.contracts.release import ReleaseDocument
from tests.unit.contracts.histories import RELEASE, History, document
from tests.unit.lambdas.releases import plan

QUOTA = Quota(service=CODEBUILD, name=BUILDS, code="L-1", value=20)


def task(history: History, name: str) -> None:
    history.enter(name)
    history.schedule()
    if name in WAITING:
        history.add("TaskSubmitted", taskSubmittedEventDetails={})
    history.succeed()
    history.leave(name)


def whole_history() -> History:
    history = History()
    for state in PATH:
        if state != "BuildImages":
            task(history, state)
            continue
        around = history.enter(state, kind="Parallel")
        history.add("ParallelStateStarted", after=around)
        for build in WAITING[:2]:
            task(history, build)
        history.leave(state, kind="Parallel", after=around)
    history.add("ExecutionSucceeded", executionSucceededEventDetails={"output": "{}"})
    return history


def kept() -> Evidence:
    """Every promise kept."""
    evidence = Evidence(release=RELEASE, status="SUCCEEDED")
    take_history(evidence, whole_history())
    whole = plan().model_copy(update={"quotas": (QUOTA,)})
    evidence.document = ReleaseDocument.model_validate(document(plan=whole.model_dump()))
    for state in (*WAITING[:2], "Train"):
        left = evidence.ended(state)
        assert left is not None
        evidence.job_ends[state] = left - timedelta(seconds=2)
    evidence.notifications = [f"outcome   succeeded\nrelease   {RELEASE}"]
    evidence.events = [event(kind) for kind in READ]
    evidence.refusals = {
        call.name: Refusal(call.codes[0], " ".join(call.words)) for call in WRONG_CALLS
    }
    evidence.answer = Answer(json.dumps({"sum": 3.0}), "application/json", "champion")
    return evidence


def take_history(evidence: Evidence, history: History) -> None:
    evidence.history = list(history.events)
    evidence.rows = states(history.events)


def event(kind: str) -> dict[str, Any]:
    source, keys = READ[kind]
    return {"detail-type": kind, "source": source, "detail": dict.fromkeys(keys, "x")}
