"""A release that was stopped from outside: its jobs end, the endpoint goes back, people hear."""

from typing import Any

import pytest

from lambdas.endpoint_rows import Champion
from lambdas.handlers.deploy_model import deploy_model
from lambdas.handlers.resume_release import StateChange, resume_release
from lambdas.handlers.roll_back import roll_back
from lambdas.handlers.train_model import train_model
from tests.unit.lambdas.conftest import World
from tests.unit.lambdas.kills import killed_everywhere
from tests.unit.lambdas.releases import CONFIG, MODEL, RELEASE, TRAINING_JOB, document, task

OLD = "older-config"


def stop(world: World, status: str = "ABORTED") -> StateChange:
    detail: dict[str, Any] = {
        "executionArn": world.environment.execution_arn(RELEASE),
        "stateMachineArn": world.environment.state_machine_arn,
        "name": RELEASE,
        "status": status,
        "input": None,  # Step Functions leaves out what is too long
        "error": None,
        "cause": "wrong data",
    }
    return StateChange.model_validate(
        {"detail-type": "Step Functions Execution Status Change", "detail": detail}
    )


def sweep(world: World) -> None:
    world.clock.time += 120
    resume_release(world.runtime, StateChange.model_validate({"detail-type": "Scheduled Event"}))


@pytest.fixture
def project(world: World) -> World:
    world.runtime.ledger.put_release(document(upto="Start"))
    return world


def told(world: World) -> list[str]:
    return [message["Message"] for message in world.sns.published]


@pytest.mark.parametrize("status", ["ABORTED", "TIMED_OUT"])
def test_its_training_job_is_stopped_and_people_are_notified_once(
    project: World, status: str
) -> None:
    train_model(project.runtime, task(document(upto="PrepareData")))
    resume_release(project.runtime, stop(project, status))
    resume_release(project.runtime, stop(project, status))
    sweep(project)
    assert project.sagemaker.training[TRAINING_JOB]["TrainingJobStatus"] == "Stopped"
    [message] = told(project)
    assert f"Stopped training/{TRAINING_JOB}." in message and "wrong data" in message
    assert project.runtime.ledger.waiters_of(RELEASE) == []
    assert project.answers == {}  # no task waits for one


def test_stopped_after_the_switch_the_endpoint_goes_back_and_the_lease_is_free(
    project: World,
) -> None:
    project.sagemaker.serve("oil-price", OLD)
    deploy_model(project.runtime, task(document(upto="Register")))
    resume_release(project.runtime, stop(project))
    assert told(project) == []
    project.sagemaker.finish_update("oil-price")
    sweep(project)
    assert project.sagemaker.updates == [CONFIG, OLD]
    project.sagemaker.finish_update("oil-price")
    sweep(project)
    assert CONFIG not in project.sagemaker.configs and MODEL not in project.sagemaker.models
    assert project.runtime.ledger.lease("oil-price") is None
    [message] = told(project)
    assert f"The endpoint went back to {OLD}" in message


def test_stopped_while_roll_back_runs_it_goes_on_from_there(project: World) -> None:
    project.sagemaker.serve("oil-price", OLD)
    deploy_model(project.runtime, task(document(upto="Register")))
    project.sagemaker.finish_update("oil-price")
    roll_back(project.runtime, task(document(upto="Register"), token="rolling back"))
    assert project.sagemaker.updates == [CONFIG, OLD]
    resume_release(project.runtime, stop(project))
    project.sagemaker.finish_update("oil-price")
    sweep(project)
    assert project.sagemaker.updates == [CONFIG, OLD]
    [message] = told(project)
    assert f"The endpoint went back to {OLD}" in message
    assert project.runtime.ledger.waiters_of(RELEASE) == []


def test_a_release_that_was_promoted_before_it_was_stopped_serves_on(project: World) -> None:
    project.sagemaker.serve("oil-price", OLD)
    deploy_model(project.runtime, task(document(upto="Register")))
    project.sagemaker.finish_update("oil-price")
    champion = Champion(release_id=RELEASE, config=CONFIG, model_package="package", order=1)
    project.runtime.ledger.put_champion("oil-price", champion)
    resume_release(project.runtime, stop(project))
    sweep(project)
    assert project.sagemaker.updates == [CONFIG]
    assert project.runtime.ledger.champion("oil-price") == champion
    assert "verified and promoted before: it serves on" in told(project)[0]


def test_a_function_at_work_when_it_was_stopped_leaves_no_job(project: World) -> None:
    """Its row stands, the job does not yet: the row is looked at again once it does."""
    train_model(project.runtime, task(document(upto="PrepareData")))
    [row] = project.runtime.ledger.waiters_of(RELEASE)
    job = project.sagemaker.training.pop(TRAINING_JOB)
    project.runtime.ledger.put_waiter(row.model_copy(update={"submitted": False, "subject": ""}))
    resume_release(project.runtime, stop(project))
    assert told(project) == []
    project.sagemaker.training[TRAINING_JOB] = job
    project.runtime.ledger.mark_submitted(row, TRAINING_JOB)
    sweep(project)
    assert job["TrainingJobStatus"] == "Stopped"
    assert len(told(project)) == 1


def test_a_function_that_begins_after_the_stop_submits_nothing(project: World) -> None:
    resume_release(project.runtime, stop(project))
    train_model(project.runtime, task(document(upto="PrepareData")))
    assert project.sagemaker.training == {}
    assert project.runtime.ledger.waiters_of(RELEASE) == []


def test_a_deploy_that_begins_after_the_stop_touches_nothing(project: World) -> None:
    project.sagemaker.serve("oil-price", OLD)
    resume_release(project.runtime, stop(project))
    deploy_model(project.runtime, task(document(upto="Register")))
    assert (project.sagemaker.updates, project.sagemaker.models) == ([], {})
    assert project.runtime.ledger.lease("oil-price") is None
    assert project.runtime.ledger.waiters_of(RELEASE) == []


def test_a_job_whose_row_was_not_seen_while_its_release_was_undone_is_stopped(
    project: World,
) -> None:
    train_model(project.runtime, task(document(upto="PrepareData")))
    [row] = project.runtime.ledger.waiters_of(RELEASE)
    project.runtime.ledger.mark_done(row)  # to the one who undoes it there is no such row
    resume_release(project.runtime, stop(project))
    assert project.sagemaker.training[TRAINING_JOB]["TrainingJobStatus"] == "InProgress"
    project.runtime.ledger.put_waiter(row)
    sweep(project)
    assert project.sagemaker.training[TRAINING_JOB]["TrainingJobStatus"] == "Stopped"
    assert project.runtime.ledger.waiters_of(RELEASE) == []


def test_killed_at_any_call_the_sweep_ends_what_was_begun(project: World) -> None:
    train_model(project.runtime, task(document(upto="PrepareData")))
    event = stop(project)
    for place in killed_everywhere(project, lambda runtime: resume_release(runtime, event)):
        resume_release(project.runtime, event)
        sweep(project)
        sweep(project)
        assert project.sagemaker.training[TRAINING_JOB]["TrainingJobStatus"] == "Stopped", place
        assert project.runtime.ledger.waiters_of(RELEASE) == [], place
        assert told(project), place
        project.sns.published.clear()
        for item in project.table.scan()["Items"]:
            project.table.delete_item(Key={"pk": item["pk"], "sk": item["sk"]})
        project.sagemaker.training.clear()
        project.runtime.ledger.put_release(document(upto="Start"))
        train_model(project.runtime, task(document(upto="PrepareData")))
