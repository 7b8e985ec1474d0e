import pytest

from lambdas.handlers.request_approval import request_approval
from lambdas.handlers.resume_release import StateChange, resume_release
from modelwharf.contracts.parameters import Approval, Deployment, Notifications
from modelwharf.contracts.stages import RegisteredRelease
from modelwharf.contracts.task import WaitingTask
from tests.unit.lambdas.conftest import World
from tests.unit.lambdas.releases import PACKAGE, RELEASE, document, plan, task

DECIDED = StateChange.model_validate(
    {"detail-type": "SageMaker Model Package State Change", "detail": {"ModelPackageArn": PACKAGE}}
)
MANUAL = Deployment(approval=Approval.MANUAL)


@pytest.fixture
def pending(world: World) -> World:
    world.sagemaker.packages[PACKAGE] = {"ModelApprovalStatus": "PendingManualApproval"}
    return world


def registered(**sections: object) -> WaitingTask[RegisteredRelease]:
    return task(document(upto="Register", plan=plan(deployment=MANUAL, **sections)))


def test_people_are_asked_with_what_to_type(pending: World) -> None:
    request_approval(pending.runtime, registered())
    assert pending.answers == {}
    message = pending.sns.last["Message"]
    assert PACKAGE in message
    assert f"wharf approve {RELEASE}" in message
    assert "skill 0.012 ≥ -0.05" in message
    assert pending.sns.last["MessageAttributes"]["outcome"]["StringValue"] == "approval"


def test_approval_resumes_the_release_with_who_and_why(pending: World) -> None:
    request_approval(pending.runtime, registered())
    pending.sagemaker.packages[PACKAGE] = {
        "ModelApprovalStatus": "Approved",
        "ApprovalDescription": "looks good",
        "LastModifiedBy": {"UserProfileName": "ann"},
    }
    resume_release(pending.runtime, DECIDED)
    assert pending.answers["token"]["output"] == {
        "decision": "Approved",
        "by": "ann",
        "note": "looks good",
    }


def test_rejection_fails_the_release_with_the_reviewer_s_words(pending: World) -> None:
    request_approval(pending.runtime, registered())
    pending.sagemaker.packages[PACKAGE] = {
        "ModelApprovalStatus": "Rejected",
        "ApprovalDescription": "spike in March",
    }
    resume_release(pending.runtime, DECIDED)
    failure = pending.answers["token"]
    assert failure["error"] == "ApprovalRejected"
    assert failure["cause"] == f"rejected by a reviewer: spike in March\nmodel package {PACKAGE}"


def test_a_change_that_decides_nothing_goes_on_waiting(pending: World) -> None:
    request_approval(pending.runtime, registered())
    resume_release(pending.runtime, DECIDED)
    assert pending.answers == {}


def test_a_decision_made_before_the_question_counts(pending: World) -> None:
    pending.sagemaker.packages[PACKAGE] = {"ModelApprovalStatus": "Approved"}
    request_approval(pending.runtime, registered())
    assert pending.answers["token"]["output"]["decision"] == "Approved"


def test_a_team_that_wants_no_question_can_still_decide(pending: World) -> None:
    request_approval(pending.runtime, registered(notifications=Notifications(outcomes=())))
    assert pending.sns.published == []
    assert pending.answers == {}
    assert len(pending.runtime.ledger.waiters(f"approval/{PACKAGE}")) == 1
