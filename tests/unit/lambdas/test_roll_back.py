from typing import Any

import pytest

from lambdas.endpoint_rows import Champion
from lambdas.errors import EndpointBusy
from lambdas.handlers.build_image import build_image
from lambdas.handlers.deploy_model import deploy_model
from lambdas.handlers.promote_model import promote_model
from lambdas.handlers.resume_release import StateChange, resume_release
from lambdas.handlers.roll_back import roll_back
from lambdas.handlers.train_model import train_model
from modelwharf.contracts.release import ReleaseDocument
from tests.unit.lambdas.conftest import World
from tests.unit.lambdas.kills import killed_everywhere
from tests.unit.lambdas.releases import (
    CONFIG,
    OTHER,
    PACKAGE,
    RELEASE,
    TRAINING_JOB,
    build_task,
    document,
    task,
)

OLD = "older-config"
CHANGED = StateChange.model_validate(
    {"detail-type": "SageMaker Endpoint State Change", "detail": {"EndpointName": "oil-price"}}
)


def deployed(world: World, serving: str | None = OLD) -> ReleaseDocument:
    """A release whose model the endpoint serves, and that then fails."""
    if serving is not None:
        world.sagemaker.serve("oil-price", serving)
    deploy_model(world.runtime, task(document(upto="Register"), "deploy"))
    world.sagemaker.finish_update("oil-price")
    resume_release(world.runtime, CHANGED)
    return document(upto="Deploy")


def answer(world: World) -> dict[str, Any]:
    output: dict[str, Any] = world.answers["token"]["output"]
    return output


def lease_is_free(world: World) -> bool:
    try:
        world.runtime.ledger.take_lease("oil-price", OTHER, now=world.clock(), until=0)
    except EndpointBusy:
        return False
    return True


def test_a_release_that_touched_nothing_is_answered_at_once(world: World) -> None:
    roll_back(world.runtime, task(document()))
    assert answer(world) == {"stopped": [], "endpoint": "untouched", "serving_config": None}


def test_a_running_job_is_stopped_and_its_row_closed(world: World) -> None:
    train_model(world.runtime, task(document(upto="PrepareData"), "train"))
    roll_back(world.runtime, task(document(upto="PrepareData")))
    assert world.sagemaker.training[TRAINING_JOB]["TrainingJobStatus"] == "Stopped"
    assert answer(world)["stopped"] == [f"training/{TRAINING_JOB}"]
    assert world.runtime.ledger.waiters_of(RELEASE) == []


def test_a_job_that_is_over_is_not_called_stopped(world: World) -> None:
    train_model(world.runtime, task(document(upto="PrepareData"), "train"))
    world.sagemaker.finish_training(TRAINING_JOB)
    roll_back(world.runtime, task(document(upto="PrepareData")))
    assert answer(world)["stopped"] == []


def test_a_build_that_only_this_release_wants_is_stopped(world: World) -> None:
    build_image(world.runtime, build_task(document(), token="build"))
    roll_back(world.runtime, task(document()))
    assert world.codebuild.builds["images:1"]["buildStatus"] == "STOPPED"


def test_a_build_that_another_release_waits_for_runs_on(world: World) -> None:
    build_image(world.runtime, build_task(document(), token="mine"))
    build_image(world.runtime, build_task(document(OTHER), token="theirs"))
    roll_back(world.runtime, task(document()))
    assert world.codebuild.builds["images:1"]["buildStatus"] == "IN_PROGRESS"
    assert [row.release_id for row in world.runtime.ledger.waiters_of(OTHER)] == [OTHER]


def test_the_endpoint_goes_back_to_what_served_before(world: World) -> None:
    roll_back(world.runtime, task(deployed(world)))
    assert world.sagemaker.updates == [CONFIG, OLD]
    assert "token" not in world.answers
    world.sagemaker.finish_update("oil-price")
    resume_release(world.runtime, CHANGED)
    assert answer(world) == {"stopped": [], "endpoint": "restored", "serving_config": OLD}
    assert world.sagemaker.endpoints["oil-price"]["EndpointConfigName"] == OLD
    assert set(world.sagemaker.configs) == {OLD}
    assert world.sagemaker.models == {}
    assert lease_is_free(world)


def test_an_endpoint_that_the_release_created_is_deleted(world: World) -> None:
    roll_back(world.runtime, task(deployed(world, serving=None)))
    assert world.sagemaker.endpoints == world.sagemaker.configs == world.sagemaker.models == {}
    assert answer(world)["endpoint"] == "deleted"
    assert lease_is_free(world)


def test_an_endpoint_that_went_back_by_itself_is_kept(world: World) -> None:
    world.sagemaker.serve("oil-price", OLD)
    deploy_model(world.runtime, task(document(upto="Register"), "deploy"))
    world.sagemaker.finish_update("oil-price", reason="unhealthy")
    roll_back(world.runtime, task(document(upto="Register")))
    assert answer(world) == {"stopped": [], "endpoint": "kept", "serving_config": OLD}
    assert world.sagemaker.updates == [CONFIG]
    assert set(world.sagemaker.configs) == {OLD}


def test_an_update_under_way_is_waited_for_and_then_undone(world: World) -> None:
    world.sagemaker.serve("oil-price", OLD)
    deploy_model(world.runtime, task(document(upto="Register"), "deploy"))
    roll_back(world.runtime, task(document(upto="Register")))
    assert world.sagemaker.updates == [CONFIG]
    world.sagemaker.finish_update("oil-price")
    resume_release(world.runtime, CHANGED)
    assert world.sagemaker.updates == [CONFIG, OLD]
    world.sagemaker.finish_update("oil-price")
    resume_release(world.runtime, CHANGED)
    assert answer(world)["endpoint"] == "restored"


def test_a_creation_under_way_is_waited_for_and_then_deleted(world: World) -> None:
    deploy_model(world.runtime, task(document(upto="Register"), "deploy"))
    roll_back(world.runtime, task(document(upto="Register")))
    assert "oil-price" in world.sagemaker.endpoints
    world.sagemaker.finish_update("oil-price", reason="never healthy")
    resume_release(world.runtime, CHANGED)
    assert world.sagemaker.endpoints == {}
    assert answer(world)["endpoint"] == "deleted"


def test_a_configuration_that_someone_else_put_there_is_left_alone(world: World) -> None:
    doc = deployed(world)
    world.sagemaker.serve("oil-price", "someone-elses")
    roll_back(world.runtime, task(doc))
    assert answer(world) == {
        "stopped": [],
        "endpoint": "kept",
        "serving_config": "someone-elses",
    }


def test_a_way_back_that_fails_says_what_to_type_and_deletes_nothing(world: World) -> None:
    roll_back(world.runtime, task(deployed(world)))
    world.sagemaker.finish_update("oil-price", reason="no capacity")
    resume_release(world.runtime, CHANGED)
    failure = world.answers["token"]
    assert failure["error"] == "DeploymentFailed"
    assert "no capacity" in failure["cause"]
    assert f"--endpoint-config-name {OLD}" in failure["cause"]
    assert {CONFIG, OLD} <= set(world.sagemaker.configs)


def test_an_endpoint_that_sagemaker_can_only_delete_is_not_told_to_be_updated(
    world: World,
) -> None:
    document = deployed(world)
    world.sagemaker.endpoints["oil-price"]["EndpointStatus"] = "Failed"
    roll_back(world.runtime, task(document))
    cause = world.answers["token"]["cause"]
    assert "update-endpoint" not in cause
    assert "aws sagemaker delete-endpoint --endpoint-name oil-price" in cause
    assert f"create-endpoint --endpoint-name oil-price --endpoint-config-name {OLD}" in cause


def test_the_lease_of_another_release_is_left_to_it(world: World) -> None:
    world.runtime.ledger.take_lease(
        "oil-price", "r-third", now=world.clock(), until=world.clock() + 9
    )
    roll_back(world.runtime, task(document()))
    assert not lease_is_free(world)


def test_a_champion_that_is_rolled_back_hands_the_pointer_back(world: World) -> None:
    before = Champion(release_id=OTHER, config=OLD, model_package="arn:old")
    world.runtime.ledger.put_champion("oil-price", before)
    doc = deployed(world)
    promote_model(world.runtime, document(upto="Verify"))
    roll_back(world.runtime, task(doc))
    world.sagemaker.finish_update("oil-price")
    resume_release(world.runtime, CHANGED)
    assert world.runtime.ledger.champion("oil-price") == before


def test_the_model_package_is_left_as_it_is(world: World) -> None:
    world.sagemaker.packages[PACKAGE] = {"ModelApprovalStatus": "Approved"}
    roll_back(world.runtime, task(document(upto="Register")))
    assert world.sagemaker.packages[PACKAGE] == {"ModelApprovalStatus": "Approved"}


@pytest.mark.parametrize("serving", [None, OLD])
def test_killed_at_any_call_and_called_again_it_comes_back(
    world: World, serving: str | None
) -> None:
    def reset() -> ReleaseDocument:
        for item in world.table.scan()["Items"]:
            world.table.delete_item(Key={"pk": item["pk"], "sk": item["sk"]})
        for things in (world.sagemaker.models, world.sagemaker.configs, world.sagemaker.endpoints):
            things.clear()
        world.answers.clear()
        return deployed(world, serving)

    doc = reset()
    for place in killed_everywhere(world, lambda runtime: roll_back(runtime, task(doc, "dead"))):
        roll_back(world.runtime, task(doc))
        if serving is not None:
            world.sagemaker.finish_update("oil-price")
            resume_release(world.runtime, CHANGED)
        assert answer(world)["serving_config"] == serving, place
        assert set(world.sagemaker.configs) == ({OLD} if serving else set()), place
        assert world.sagemaker.models == {}, place
        assert lease_is_free(world), place
        reset()
