"""The judge of `make chaos` finds what must not be: each rule is broken once."""

from dataclasses import replace

import pytest

from tests.chaos.callers import Calls
from tests.chaos.evidence import Evidence, Release
from tests.chaos.judge import judge
from tests.chaos.pushes import KINDS, Pushed

BY_NAME = {kind.name: kind for kind in KINDS}
BAD = Pushed("b" * 40, BY_NAME["training fails"], 1, 1)
GOOD = Pushed("c" * 40, BY_NAME["good"], 2, 2)
FAILED = Release("r-1", BAD.commit, 1, "FAILED", "Failed", "TrainingFailed", "chaos in training 1")
SERVES = Release("r-2", GOOD.commit, 2, "SUCCEEDED", "Released", "", "")
NOTIFICATION = "release   r-1\nreason    TrainingFailed: chaos in training 1"


def held(**changes: object) -> Evidence:
    """What a run leaves in which nothing is wrong, but for the changes."""
    right = Evidence(
        pushed=(BAD, GOOD),
        releases=(FAILED, SERVES),
        skipped={},
        stopped=frozenset(),
        notifications=(NOTIFICATION,),
        calls=Calls(answered=1),
        answer=GOOD.answer,
    )
    return replace(right, **changes)  # type: ignore[arg-type]


def calls(*answers: float, failures: tuple[str, ...] = ()) -> Calls:
    found = Calls(failures=list(failures))
    found.answers.update(answers)
    return found


def test_a_run_that_left_everything_right_holds() -> None:
    assert judge(held()) == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"releases": (SERVES,)}, "A commit is lost: push 1"),
        ({"releases": (FAILED, replace(SERVES, status="FAILED", error="X"))}, "failed: X"),
        ({"releases": (replace(FAILED, reason="no"), SERVES)}, "failed for another reason"),
        ({"releases": (replace(FAILED, error="BuildFailed"), SERVES)}, "failed for another reason"),
        (
            {"releases": (replace(SERVES, name="r-1", commit=BAD.commit), SERVES)},
            "push 1 (training fails, bbbbbbb) was promoted",
        ),
        ({"releases": (FAILED, replace(SERVES, status="ABORTED"))}, "is ABORTED"),
        ({"releases": (FAILED, replace(SERVES, commit="e" * 40))}, "which nobody pushed"),
        ({"stopped": {"r-1"}, "releases": (replace(FAILED, status="RUNNING"), SERVES)}, "by hand"),
        ({"releases": (SERVES,), "skipped": {BAD.commit: "of the same"}}, "skipped wrongly"),
        ({"answer": GOOD.answer + 1}, "The wrong model serves"),
        ({"answer": None}, "The wrong model serves"),
        ({"calls": calls(failures=("503",))}, "A caller got no answer: 503"),
        ({"calls": calls(GOOD.answer, GOOD.answer + 1)}, "A wrong answer: 23.0, 1 times"),
        ({"calls": calls(BAD.answer)}, "A wrong answer: 12.0, 1 times"),
        ({"notifications": ()}, "No notification was sent: r-1"),
        ({"notifications": ("release r-1 failed",)}, "do not say TrainingFailed"),
        ({"left_behind": ("job j runs",)}, "Left behind: job j runs"),
    ],
)
def test_what_must_not_be_is_found_and_named(changes: dict[str, object], says: str) -> None:
    assert any(says in finding for finding in judge(held(**changes))), judge(held(**changes))


def test_an_overtaken_release_and_an_overtaken_push_are_right() -> None:
    overtaken = replace(FAILED, status="SUCCEEDED", last_state="Superseded", error="", reason="")
    assert judge(held(releases=(overtaken, SERVES))) == []
    assert judge(held(releases=(SERVES,), skipped={BAD.commit: "it was overtaken"})) == []


def test_a_release_that_was_stopped_by_hand_is_aborted_and_told_of() -> None:
    aborted = replace(FAILED, status="ABORTED", error="Chaos")
    assert judge(held(releases=(aborted, SERVES), stopped=frozenset({"r-1"}))) == []


def test_a_model_that_verify_has_yet_to_ask_may_answer_meanwhile() -> None:
    otherwise = Pushed("f" * 40, BY_NAME["answers otherwise"], 3, 3)
    found = held(calls=calls(otherwise.answer), earlier=(otherwise,))
    assert otherwise.answer == 33.0 and judge(found) == []
