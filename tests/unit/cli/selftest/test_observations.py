"""Each promise that an account breaks is found, and what was not reached is not called kept."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from modelwharf.cli.selftest.evidence import Answer, Evidence, Refusal
from modelwharf.cli.selftest.plan import compare
from modelwharf.cli.selftest.states import BUILDS, PATH, WAITING
from modelwharf.cli.selftest.wrong_calls import WRONG_CALLS, Scene
from modelwharf.cli.services import Services
from modelwharf.cli.stack import Stack
from modelwharf.contracts.release import ReleaseDocument
from modelwharf.contracts.selftest import Comparison, Observed
from tests.unit.cli.fakes import OUTPUTS
from tests.unit.cli.preflight.accounts import FakeClient
from tests.unit.cli.selftest.worlds import kept, take_history
from tests.unit.contracts.histories import History, document

ASL = Path(__file__).resolve().parents[4] / "statemachine" / "release.asl.json"


def judged(evidence: Evidence, check: str) -> Observed:
    (found,) = [one for one in compare(evidence) if one.id == check]
    return found


def test_an_account_that_keeps_every_promise_is_the_same_in_all() -> None:
    assert {one.comparison for one in compare(kept())} == {Comparison.SAME}


def test_of_a_release_that_never_started_only_that_is_a_difference() -> None:
    found = {one.id: one for one in compare(Evidence(error="no release started within 120 s"))}
    assert found.pop("start").comparison is Comparison.DIFFERS
    assert {one.comparison for one in found.values()} == {Comparison.UNSEEN}


def denied(evidence: Evidence) -> None:
    evidence.denials = [
        '{"exception":"Traceback\\n File\\nbotocore.exceptions.ClientError: An error occurred '
        "(AccessDeniedException) when calling the SendTaskSuccess operation: not authorized: "
        'states:SendTaskSuccess","service":"x"}'
    ]


def out_of_order(evidence: Evidence) -> None:
    history = History()
    history.enter("Train")
    history.add("TaskStarted", taskStartedEventDetails={})
    history.add("TaskScheduled", taskScheduledEventDetails={})
    history.succeed()
    history.leave("Train")
    take_history(evidence, history)


def swept(evidence: Evidence) -> None:
    evidence.job_ends["Train"] -= timedelta(seconds=90)


def other_keys(evidence: Evidence) -> None:
    del evidence.events[0]["detail"]["build-id"]


def other_source(evidence: Evidence) -> None:
    evidence.events[1]["source"] = "aws.other"


def failed(evidence: Evidence) -> None:
    evidence.status, evidence.error = "FAILED", "TrainingFailed: no"


def skipped_a_state(evidence: Evidence) -> None:
    evidence.rows = tuple(row for row in evidence.rows if row.name != "Verify")


def told_nobody(evidence: Evidence) -> None:
    evidence.notifications = ["about something else"]


def other_answer(evidence: Evidence) -> None:
    evidence.answer = Answer('{"sum": 4.0}', "application/json", "champion")


def other_variant(evidence: Evidence) -> None:
    evidence.answer = Answer('{"sum": 3.0}', "application/json", "AllTraffic")


def no_json(evidence: Evidence) -> None:
    evidence.answer = Answer("An error occurred (ModelError)", "", "")


def no_quotas(evidence: Evidence) -> None:
    assert evidence.document is not None and evidence.document.plan is not None
    plan = evidence.document.plan.model_copy(update={"quotas": (), "notices": ("denied",)})
    evidence.document = evidence.document.model_copy(update={"plan": plan})


@pytest.mark.parametrize(
    ("lack", "check", "seen"),
    [
        (denied, "task-answers", "states:SendTaskSuccess"),
        (out_of_order, "token-order", "Train: TaskScheduled"),
        (swept, "event-times", "Train 92 s"),
        (other_keys, "event-shapes", "without build-id"),
        (other_source, "event-shapes", "aws.other"),
        (failed, "path", "TrainingFailed: no"),
        (skipped_a_state, "path", "Deploy, Promote"),
        (told_nobody, "notification", "none of 1 messages"),
        (other_answer, "answer", "4.0"),
        (other_variant, "answer", "AllTraffic"),
        (no_json, "answer", "ModelError"),
        (no_quotas, "quotas", "denied"),
    ],
)
def test_a_promise_that_is_broken_is_found(
    lack: Callable[[Evidence], None], check: str, seen: str
) -> None:
    evidence = kept()
    lack(evidence)
    found = judged(evidence, check)
    assert found.comparison is Comparison.DIFFERS
    assert seen in found.seen


@pytest.mark.parametrize("call", [one.name for one in WRONG_CALLS])
@pytest.mark.parametrize("refusal", [Refusal("", ""), Refusal("AnotherException", "words")])
def test_a_wrong_call_that_is_refused_otherwise_or_accepted_is_found(
    call: str, refusal: Refusal
) -> None:
    evidence = kept()
    evidence.refusals[call] = refusal
    found = judged(evidence, "refusals")
    assert found.comparison is Comparison.DIFFERS
    assert call in found.seen


def test_of_a_denial_s_log_line_only_the_service_s_sentence_is_reported() -> None:
    evidence = kept()
    denied(evidence)
    assert judged(evidence, "task-answers").seen == (
        "An error occurred (AccessDeniedException) when calling the SendTaskSuccess operation: "
        "not authorized: states:SendTaskSuccess"
    )


def test_a_wrong_call_is_known_by_code_words_and_the_model_s_own_status() -> None:
    told: Any = {"Error": {"Code": "ModelError", "Message": "no"}, "OriginalStatusCode": 415}
    client: Any = FakeClient({"invoke_endpoint": ClientError(told, "InvokeEndpoint")})
    services = Services(lambda name: client, None, "eu-west-1", {})
    stack = Stack.model_validate({"project": "oil-price", **OUTPUTS})
    release = ReleaseDocument.model_validate(document())
    call = WRONG_CALLS[-1]
    refusal = call.make(Scene(services, stack, release))
    assert refusal == Refusal("ModelError", "415 no")
    assert call.is_refused_so(refusal)
    client.answers["invoke_endpoint"] = {}
    assert not call.is_refused_so(call.make(Scene(services, stack, release)))


def test_a_call_that_the_caller_may_not_make_proves_nothing() -> None:
    evidence = kept()
    evidence.refusals[WRONG_CALLS[0].name] = Refusal("AccessDeniedException", "you may not")
    assert judged(evidence, "refusals").comparison is Comparison.UNSEEN


def test_an_event_that_never_came_proves_nothing() -> None:
    evidence = kept()
    del evidence.events[-1]
    assert judged(evidence, "event-shapes").comparison is Comparison.UNSEEN


def test_a_retry_counts_by_its_last_attempt() -> None:
    history = History()
    history.enter("Train")
    history.schedule()
    history.fail("AccountBusy")
    history.schedule()
    history.add("TaskSubmitted", taskSubmittedEventDetails={})
    history.succeed()
    history.leave("Train")
    evidence = kept()
    take_history(evidence, history)
    assert judged(evidence, "token-order").comparison is Comparison.SAME


def test_interleaved_branches_are_distinguished() -> None:
    evidence = kept()
    history = History()
    around = history.enter("BuildImages", kind="Parallel")
    first, second = (history.enter(name, after=around) for name in BUILDS.values())
    first, second = history.schedule(after=first), history.schedule(after=second)
    for last in (second, first):
        history.succeed(after=history.add("TaskSubmitted", after=last))
    take_history(evidence, history)
    for build in BUILDS.values():
        assert evidence.task_types(build)[-2:] == ["TaskSubmitted", "TaskSucceeded"]
        assert len(evidence.task_types(build)) == 4


def test_the_states_are_the_committed_machine_s() -> None:
    machine: dict[str, Any] = json.loads(ASL.read_text())["States"]
    branches = {
        name: state
        for branch in machine["BuildImages"]["Branches"]
        for name, state in branch["States"].items()
    }
    assert set(PATH) < machine.keys()
    every = {**machine, **branches}
    waiting = {
        name for name, state in every.items() if "waitForTaskToken" in state.get("Resource", "")
    }
    assert set(WAITING) == waiting - {"Approve", "RollBack"}
