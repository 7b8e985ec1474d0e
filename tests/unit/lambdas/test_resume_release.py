from typing import Any

import pytest

from lambdas.handlers.build_image import build_image
from lambdas.handlers.deploy_model import deploy_model
from lambdas.handlers.request_approval import request_approval
from lambdas.handlers.resume_release import StateChange, resume_release
from lambdas.handlers.roll_back import roll_back
from lambdas.handlers.train_model import train_model
from modelwharf.contracts.release import ImageKind
from tests.unit.lambdas.conftest import World
from tests.unit.lambdas.fakes import client_error
from tests.unit.lambdas.kills import killed_everywhere
from tests.unit.lambdas.releases import OTHER, PACKAGE, TRAINING_JOB, build_task, document, task

READY = document(upto="PrepareData")
OTHER_JOB = f"oil-price-{OTHER}-train"


def event(detail_type: str, **detail: Any) -> StateChange:
    return StateChange.model_validate(
        {"version": "0", "detail-type": detail_type, "source": "aws", "detail": detail}
    )


TRAINED = event("SageMaker Training Job State Change", TrainingJobName=TRAINING_JOB)
SWEEP = event("Scheduled Event")
BUILT = event(
    "CodeBuild Build State Change",
    **{"build-id": "arn:aws:codebuild:eu-west-1:123456789012:build/images:1"},
)


def test_what_counts_is_the_true_status_and_not_the_event(world: World) -> None:
    train_model(world.runtime, task(READY))
    resume_release(world.runtime, TRAINED)
    assert world.answers == {}
    world.sagemaker.finish_training(TRAINING_JOB)
    resume_release(world.runtime, TRAINED)
    assert world.answers["token"]["output"]["job"] == TRAINING_JOB


def test_an_event_that_comes_twice_changes_nothing(world: World) -> None:
    train_model(world.runtime, task(READY))
    world.sagemaker.finish_training(TRAINING_JOB)
    resume_release(world.runtime, TRAINED)
    first = dict(world.answers)
    resume_release(world.runtime, TRAINED)
    assert world.answers == first


def test_an_event_of_a_job_that_nobody_waits_for_is_passed_over(world: World) -> None:
    resume_release(world.runtime, TRAINED)
    assert world.answers == {}


def test_an_event_of_an_unknown_kind_is_passed_over(world: World) -> None:
    resume_release(world.runtime, event("SageMaker Pipeline State Change"))
    assert world.answers == {}


def test_the_sweep_finds_what_a_lost_event_left(world: World) -> None:
    train_model(world.runtime, task(READY))
    world.sagemaker.finish_training(TRAINING_JOB)
    resume_release(world.runtime, SWEEP)
    assert world.answers == {}  # not overdue yet
    world.clock.time += 61
    resume_release(world.runtime, SWEEP)
    assert world.answers["token"]["output"]["job"] == TRAINING_JOB
    assert world.runtime.ledger.waiters_due(world.clock.time + 10_000) == []


def test_the_sweep_leaves_a_running_job_until_its_next_check(world: World) -> None:
    train_model(world.runtime, task(READY))
    world.clock.time += 61
    resume_release(world.runtime, SWEEP)
    assert world.runtime.ledger.waiters_due(world.clock.time + 1) == []
    assert len(world.runtime.ledger.waiters_due(world.clock.time + 61)) == 1


def test_one_row_that_cannot_be_settled_holds_back_no_other(world: World) -> None:
    class OneBroken:
        def __init__(self, sagemaker: Any) -> None:
            self.sagemaker = sagemaker

        def describe_training_job(self, *, TrainingJobName: str) -> Any:  # noqa: N803
            if TrainingJobName == TRAINING_JOB:
                raise client_error("InternalFailure", status=500)
            return self.sagemaker.describe_training_job(TrainingJobName=TrainingJobName)

    train_model(world.runtime, task(READY, "broken"))
    train_model(world.runtime, task(document(OTHER, upto="PrepareData"), "sound"))
    world.sagemaker.finish_training(OTHER_JOB)
    world.sagemaker = OneBroken(world.sagemaker)  # type: ignore[assignment]
    world.clock.time += 61
    with pytest.raises(ExceptionGroup, match="could not be settled"):
        resume_release(world.runtime, SWEEP)
    assert set(world.answers) == {"sound"}


DENIED = "not authorized to perform: sagemaker:DescribeTrainingJob on resource: arn:…:job/x"


def deny(monkeypatch: pytest.MonkeyPatch, service: Any, call: str) -> None:
    def refuse(**_: Any) -> None:
        raise client_error("AccessDeniedException", DENIED)

    monkeypatch.setattr(service, call, refuse)


def test_a_release_does_not_wait_for_a_permission_that_is_lacking(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_model(world.runtime, task(READY))
    deny(monkeypatch, world.sagemaker, "describe_training_job")
    resume_release(world.runtime, TRAINED)
    assert world.answers["token"]["error"] == "AccessDenied"
    assert DENIED in world.answers["token"]["cause"]
    # The roll back finds the job, which may still run.
    roll_back(world.runtime, task(READY, "roll back"))
    assert world.answers["roll back"]["output"]["stopped"] == [f"training/{TRAINING_JOB}"]
    assert world.runtime.ledger.waiters_due(world.clock.time + 10_000) == []


def test_a_row_that_may_not_be_settled_and_that_nobody_waits_for_is_closed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_model(world.runtime, task(READY))
    deny(monkeypatch, world.sagemaker, "describe_training_job")
    resume_release(world.runtime, TRAINED)
    world.clock.time += 61
    resume_release(world.runtime, SWEEP)
    assert world.runtime.ledger.waiters_due(world.clock.time + 10_000) == []


def test_a_way_back_that_may_not_be_gone_fails_and_is_closed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.sagemaker.serve("oil-price", "old")
    deploy_model(world.runtime, task(document(upto="Register"), "deploy"))
    roll_back(world.runtime, task(document(upto="Register")))
    deny(monkeypatch, world.sagemaker, "describe_endpoint")
    resume_release(
        world.runtime, event("SageMaker Endpoint State Change", EndpointName="oil-price")
    )
    assert world.answers["token"]["error"] == "AccessDenied"
    assert world.runtime.ledger.waiters_due(world.clock.time + 10_000) == []


def test_an_answer_that_may_not_be_sent_is_reported(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_model(world.runtime, task(READY))
    world.sagemaker.finish_training(TRAINING_JOB)
    deny(monkeypatch, world.stepfunctions, "send_task_success")
    deny(monkeypatch, world.stepfunctions, "send_task_failure")
    with pytest.raises(ExceptionGroup, match="could not be settled"):
        resume_release(world.runtime, TRAINED)
    assert len(world.runtime.ledger.waiters(f"training/{TRAINING_JOB}")) == 1


def test_a_build_s_event_finds_everyone_who_wants_its_image(world: World) -> None:
    build_image(world.runtime, build_task(document(OTHER), token="first"))
    build_image(world.runtime, build_task(document(), token="second"))
    world.ecr.tags["modelwharf/oil-price/training", "src-training"] = "sha256:1"
    resume_release(world.runtime, BUILT)
    assert set(world.answers) == {"first", "second"}


def test_a_build_that_ends_before_its_id_was_written_down_is_known_by_the_event(
    world: World,
) -> None:
    build_image(world.runtime, build_task(document()))
    [row] = world.runtime.ledger.waiters("build/modelwharf/oil-price/training/src-training")
    world.runtime.ledger.put_waiter(row.model_copy(update={"subject": "", "submitted": False}))
    world.codebuild.builds["images:1"]["buildStatus"] = "FAILED"
    resume_release(world.runtime, BUILT)
    assert world.answers["token"]["error"] == "BuildFailed"


def test_a_build_of_someone_else_is_passed_over(world: World) -> None:
    world.codebuild.start_build(
        idempotencyToken="t", projectName="images", environmentVariablesOverride=[]
    )
    resume_release(world.runtime, BUILT)
    assert world.answers == {}


def test_a_build_s_event_does_not_answer_for_the_other_image(world: World) -> None:
    build_image(world.runtime, build_task(document(), ImageKind.TRAINING, "t"))
    build_image(world.runtime, build_task(document(), ImageKind.INFERENCE, "i"))
    for repository in ("training", "inference"):
        world.ecr.tags[f"modelwharf/oil-price/{repository}", f"src-{repository}"] = "sha256:1"
    resume_release(world.runtime, BUILT)
    assert set(world.answers) == {"t"}


def test_killed_at_any_call_and_called_again_it_answers_once(world: World) -> None:
    def reset() -> None:
        world.sagemaker.training.clear()
        world.answers.clear()
        train_model(world.runtime, task(READY))
        world.sagemaker.finish_training(TRAINING_JOB)

    reset()
    for place in killed_everywhere(world, lambda runtime: resume_release(runtime, TRAINED)):
        resume_release(world.runtime, TRAINED)
        assert set(world.answers) == {"token"}, place
        assert world.runtime.ledger.waiters(f"training/{TRAINING_JOB}") == [], place
        reset()


def swept(world: World) -> bool:
    """Whether a sweep that is due raised."""
    try:
        resume_release(world.runtime, SWEEP)
    except ExceptionGroup:
        return True
    return False


def test_a_model_package_deleted_while_it_waits_for_approval_ends_the_wait(world: World) -> None:
    world.sagemaker.packages[PACKAGE] = {"ModelApprovalStatus": "PendingManualApproval"}
    request_approval(world.runtime, task(document(upto="Register")))
    world.sagemaker.packages.clear()
    world.clock.time += 61
    resume_release(world.runtime, SWEEP)
    assert world.answers["token"]["error"] == "SubjectGone"
    assert PACKAGE in world.answers["token"]["cause"]
    roll_back(world.runtime, task(document(upto="Register"), "roll back"))
    assert world.runtime.ledger.waiters_due(world.clock.time + 10_000) == []


def test_an_image_repository_that_is_gone_ends_the_wait_for_its_build(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_image(world.runtime, build_task(document()))

    def refuse(**_: Any) -> None:
        raise client_error("RepositoryNotFoundException", "it does not exist in the registry")

    monkeypatch.setattr(world.ecr, "describe_images", refuse)
    world.clock.time += 61
    resume_release(world.runtime, SWEEP)
    assert world.answers["token"]["error"] == "SubjectGone"


def test_a_row_that_cannot_be_settled_is_looked_at_ever_later_and_told_of_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_model(world.runtime, task(READY))

    def refuse(**_: Any) -> None:
        raise client_error("InternalFailure", "no answer", status=500)

    monkeypatch.setattr(world.sagemaker, "describe_training_job", refuse)
    raised = 0
    asked: list[int] = []
    begun = world.clock.time
    for minute in (*range(1, 60), *range(60, 24 * 60, 10)):
        world.clock.time = begun + minute * 60
        if world.runtime.ledger.waiters_due(world.clock.time):
            asked.append(minute)
            raised += swept(world)
    assert raised == 1
    assert len(world.sns.published) == 1
    assert len(asked) < 40, "at most once an hour, after the first few"
    monkeypatch.undo()
    world.sagemaker.finish_training(TRAINING_JOB)
    world.clock.time += 3700
    resume_release(world.runtime, SWEEP)
    assert world.answers["token"]["output"]["job"] == TRAINING_JOB
