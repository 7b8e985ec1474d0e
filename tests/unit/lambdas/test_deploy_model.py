import pytest

from lambdas.endpoint_rows import Champion, EndpointChange
from lambdas.errors import DeploymentFailed, EndpointBusy, ServiceFault, Superseded
from lambdas.handlers.deploy_model import deploy_model, hold_lease
from lambdas.job_status import settle
from lambdas.verdict import Failed, Running, Succeeded
from lambdas.waiter_rows import Waiter
from modelwharf.contracts.capture import Capture
from modelwharf.contracts.parameters import Deployment
from modelwharf.contracts.stages import RegisteredRelease
from tests.unit.lambdas.conftest import World
from tests.unit.lambdas.fakes import client_error
from tests.unit.lambdas.kills import killed_everywhere
from tests.unit.lambdas.releases import (
    CONFIG,
    KEPT,
    MODEL,
    OTHER,
    RELEASE,
    document,
    plan,
    task,
    trigger,
)

READY = document(upto="Register")
OLD = "older-config"


def capturing(*, percent: int) -> RegisteredRelease:
    wanted = plan(deployment=Deployment(capture=Capture(percent=percent)))
    return document(upto="Register", plan=wanted)


def waiter(world: World) -> Waiter:
    [row] = world.runtime.ledger.waiters(f"endpoint/oil-price/{CONFIG}")
    return row


def test_a_new_endpoint_is_created(world: World) -> None:
    deploy_model(world.runtime, task(READY))
    assert world.sagemaker.endpoints["oil-price"]["EndpointConfigName"] == CONFIG
    [variant] = world.sagemaker.configs[CONFIG]["ProductionVariants"]
    assert (variant["VariantName"], variant["ModelName"]) == ("champion", MODEL)
    assert settle(world.runtime, waiter(world)) == Running()
    world.sagemaker.finish_update("oil-price")
    verdict = settle(world.runtime, waiter(world))
    assert isinstance(verdict, Succeeded)
    assert verdict.output.model_dump() == {
        "endpoint": "oil-price",
        "config": CONFIG,
        "model": MODEL,
        "previous_config": None,
    }


@pytest.mark.parametrize("isolated", [True, False])
def test_the_model_is_isolated_from_the_network_when_the_project_wants_it(
    world: World, isolated: bool
) -> None:
    wanted = plan(deployment=Deployment(network_isolation=isolated))
    deploy_model(world.runtime, task(document(upto="Register", plan=wanted)))
    assert world.sagemaker.models[MODEL]["EnableNetworkIsolation"] is isolated


def test_what_serves_is_the_registered_copy_as_the_serving_role(world: World) -> None:
    deploy_model(world.runtime, task(READY))
    made = world.sagemaker.models[MODEL]
    assert made["PrimaryContainer"]["ModelDataUrl"] == KEPT
    assert made["ExecutionRoleArn"] == world.environment.serve_role_arn


def test_nothing_is_captured_unless_the_project_wants_it(world: World) -> None:
    deploy_model(world.runtime, task(READY))
    assert "DataCaptureConfig" not in world.sagemaker.configs[CONFIG]


def test_zero_percent_captures_nothing(world: World) -> None:
    deploy_model(world.runtime, task(capturing(percent=0)))
    assert "DataCaptureConfig" not in world.sagemaker.configs[CONFIG]


def test_requests_and_answers_are_captured_under_the_buckets_key(world: World) -> None:
    deploy_model(world.runtime, task(capturing(percent=25)))
    assert world.sagemaker.configs[CONFIG]["DataCaptureConfig"] == {
        "EnableCapture": True,
        "InitialSamplingPercentage": 25,
        "DestinationS3Uri": "s3://artifacts/capture",
        "KmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/storage",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {
            "CsvContentTypes": ["text/csv"],
            "JsonContentTypes": [
                "application/json",
                "application/jsonlines",
                "application/x-jsonlines",
                "application/x-ndjson",
            ],
        },
    }


def test_a_configuration_that_captures_otherwise_was_not_made_by_this_release(
    world: World,
) -> None:
    deploy_model(world.runtime, task(capturing(percent=25), "dead"))
    world.sagemaker.finish_update("oil-price")
    deploy_model(world.runtime, task(capturing(percent=25), "alive"))
    assert world.answers["alive"]["output"]["config"] == CONFIG
    with pytest.raises(DeploymentFailed, match="InitialSamplingPercentage 25 instead of 50"):
        deploy_model(world.runtime, task(capturing(percent=50), "other"))
    with pytest.raises(DeploymentFailed, match="instead of None"):
        deploy_model(world.runtime, task(READY, "other"))


def test_an_endpoint_that_serves_is_updated_and_its_configuration_remembered(world: World) -> None:
    world.sagemaker.serve("oil-price", OLD)
    deploy_model(world.runtime, task(READY))
    assert world.sagemaker.updates == [CONFIG]
    assert world.runtime.ledger.endpoint_change(RELEASE) == EndpointChange(
        endpoint="oil-price", config=CONFIG, model=MODEL, previous_config=OLD
    )
    world.sagemaker.finish_update("oil-price")
    verdict = settle(world.runtime, waiter(world))
    assert isinstance(verdict, Succeeded)
    assert verdict.output.model_dump()["previous_config"] == OLD


@pytest.mark.parametrize(("update", "startup"), [(60, 60), (479, 479), (480, None), (3600, None)])
def test_a_server_has_no_longer_to_become_healthy_than_the_whole_update(
    world: World, update: int, startup: int | None
) -> None:
    world.sagemaker.serve("oil-price", OLD)
    timed = plan(deployment=Deployment(update_timeout_seconds=update))
    deploy_model(world.runtime, task(READY.model_copy(update={"plan": timed})))
    (variant,) = world.sagemaker.configs[CONFIG]["ProductionVariants"]
    assert variant.get("ContainerStartupHealthCheckTimeoutInSeconds") == startup


def test_a_server_has_as_long_to_become_healthy_as_the_parameter_says(world: World) -> None:
    world.sagemaker.serve("oil-price", OLD)
    slow = plan(deployment=Deployment(startup_timeout_seconds=1800))
    deploy_model(world.runtime, task(READY.model_copy(update={"plan": slow})))
    (variant,) = world.sagemaker.configs[CONFIG]["ProductionVariants"]
    assert variant["ContainerStartupHealthCheckTimeoutInSeconds"] == 1800


def test_a_silent_way_back_is_a_failure(world: World) -> None:
    world.sagemaker.serve("oil-price", OLD)
    deploy_model(world.runtime, task(READY))
    world.sagemaker.finish_update("oil-price", reason="the container did not pass ping")
    verdict = settle(world.runtime, waiter(world))
    assert isinstance(verdict, Failed)
    assert verdict.error == "DeploymentFailed"
    assert f"serves configuration '{OLD}' instead of '{CONFIG}'" in verdict.cause
    assert "the container did not pass ping" in verdict.cause


def test_an_endpoint_that_could_not_be_created_is_a_failure(world: World) -> None:
    deploy_model(world.runtime, task(READY))
    world.sagemaker.finish_update("oil-price", reason="no capacity")
    verdict = settle(world.runtime, waiter(world))
    assert isinstance(verdict, Failed)
    assert "is Failed: no capacity" in verdict.cause


def test_the_old_configuration_before_the_update_was_asked_for_is_not_a_failure(
    world: World,
) -> None:
    world.sagemaker.serve("oil-price", OLD)
    deploy_model(world.runtime, task(READY))
    row = waiter(world).model_copy(update={"submitted": False})
    world.sagemaker.serve("oil-price", OLD)
    assert settle(world.runtime, row) == Running()


def test_what_serves_already_is_answered_at_once(world: World) -> None:
    deploy_model(world.runtime, task(READY, "dead"))
    world.sagemaker.finish_update("oil-price")
    deploy_model(world.runtime, task(READY, "alive"))
    assert world.answers["alive"]["output"]["config"] == CONFIG
    assert world.sagemaker.updates == []


def test_a_retry_after_the_update_remembers_what_served_before_the_release(world: World) -> None:
    world.sagemaker.serve("oil-price", OLD)
    deploy_model(world.runtime, task(READY, "dead"))
    world.sagemaker.finish_update("oil-price")
    deploy_model(world.runtime, task(READY, "alive"))
    assert world.answers["alive"]["output"]["previous_config"] == OLD


def test_another_release_that_deploys_is_named_and_nothing_is_touched(world: World) -> None:
    world.runtime.ledger.take_lease("oil-price", OTHER, now=world.clock(), until=world.clock() + 99)
    world.stepfunctions.executions[OTHER] = {"status": "RUNNING"}
    with pytest.raises(EndpointBusy, match=OTHER):
        deploy_model(world.runtime, task(READY))
    assert world.sagemaker.models == {}
    assert world.runtime.ledger.endpoint_change(RELEASE) is None


def test_a_lease_that_ran_out_is_taken_over(world: World) -> None:
    world.runtime.ledger.take_lease("oil-price", OTHER, now=world.clock(), until=world.clock() + 99)
    world.clock.time += 100
    deploy_model(world.runtime, task(READY))
    with pytest.raises(EndpointBusy, match=RELEASE):
        world.runtime.ledger.take_lease("oil-price", OTHER, now=world.clock(), until=0)


@pytest.mark.parametrize("status", ["ABORTED", "TIMED_OUT", "FAILED", "SUCCEEDED", None])
def test_a_lease_whose_owner_does_not_run_any_more_is_taken_over(
    world: World, status: str | None
) -> None:
    world.runtime.ledger.take_lease("oil-price", OTHER, now=world.clock(), until=world.clock() + 99)
    if status:
        world.stepfunctions.executions[OTHER] = {"status": status}
    deploy_model(world.runtime, task(READY))
    lease = world.runtime.ledger.lease("oil-price")
    assert lease is not None and lease.owner == RELEASE


@pytest.mark.parametrize("attempts", [1, 2])
def test_what_an_unfinished_release_left_on_the_endpoint_is_nothing_to_go_back_to(
    world: World, attempts: int
) -> None:
    world.sagemaker.serve("oil-price", OLD)
    deploy_model(world.runtime, task(document(OTHER, upto="Register")))
    world.sagemaker.finish_update("oil-price")
    world.stepfunctions.executions[OTHER] = {"status": "ABORTED"}
    if attempts == 2:  # the first one got no further than the lease
        hold_lease(world.runtime, RELEASE, seconds=99)
    deploy_model(world.runtime, task(READY))
    change = world.runtime.ledger.endpoint_change(RELEASE)
    assert change is not None and change.previous_config == OLD


def test_a_champion_that_kept_its_lease_is_what_to_go_back_to(world: World) -> None:
    world.sagemaker.serve("oil-price", OLD)
    deploy_model(world.runtime, task(document(OTHER, upto="Register")))
    world.sagemaker.finish_update("oil-price")
    served = f"oil-price-{OTHER}-config"
    put_champion(world, 0, release=OTHER, config=served)
    deploy_model(world.runtime, task(READY))
    change = world.runtime.ledger.endpoint_change(RELEASE)
    assert change is not None and change.previous_config == served


def put_champion(world: World, order: int, *, release: str = OTHER, config: str = OLD) -> None:
    champion = Champion(release_id=release, config=config, model_package="arn:old", order=order)
    world.runtime.ledger.put_champion("oil-price", champion)


def asked_as(order: int) -> RegisteredRelease:
    now = "2026-11-21T09:00:00Z"  # EventBridge's times have whole seconds: many are equal
    return document(upto="Register", trigger=trigger(order=order, requested_at=now))


def test_a_release_does_not_replace_one_that_was_asked_for_later(world: World) -> None:
    world.sagemaker.serve("oil-price", OLD)
    put_champion(world, 8)
    with pytest.raises(Superseded, match=f"release {OTHER}, asked for later, serves already"):
        deploy_model(world.runtime, task(asked_as(7)))
    assert world.sagemaker.updates == []
    assert world.runtime.ledger.endpoint_change(RELEASE) is None
    assert world.runtime.ledger.lease("oil-price") is None


@pytest.mark.parametrize("champions", [0, 7])
def test_a_release_replaces_one_that_was_asked_for_earlier(world: World, champions: int) -> None:
    world.sagemaker.serve("oil-price", OLD)
    put_champion(world, champions)
    deploy_model(world.runtime, task(asked_as(8)))
    assert world.sagemaker.updates == [CONFIG]


def test_an_update_by_someone_else_is_waited_for(world: World) -> None:
    world.sagemaker.serve("oil-price", OLD)
    world.sagemaker.endpoints["oil-price"]["EndpointStatus"] = "Updating"
    with pytest.raises(EndpointBusy, match="is Updating"):
        deploy_model(world.runtime, task(READY))
    assert world.runtime.ledger.endpoint_change(RELEASE) is None


def test_a_failed_endpoint_is_refused_with_what_to_type(world: World) -> None:
    world.sagemaker.serve("oil-price", OLD)
    world.sagemaker.endpoints["oil-price"]["EndpointStatus"] = "Failed"
    with pytest.raises(DeploymentFailed, match="aws sagemaker delete-endpoint"):
        deploy_model(world.runtime, task(READY))


def test_a_model_of_that_name_from_elsewhere_is_refused(world: World) -> None:
    world.sagemaker.create_model(ModelName=MODEL, PrimaryContainer={"Image": "another"})
    with pytest.raises(DeploymentFailed, match="exists already with Image 'another'"):
        deploy_model(world.runtime, task(READY))


def test_a_configuration_of_that_name_from_elsewhere_is_refused(world: World) -> None:
    deploy_model(world.runtime, task(READY))
    changed = plan(deployment=Deployment(instance_type="ml.m5.xlarge"))
    with pytest.raises(DeploymentFailed, match=r"InstanceType 'ml.m5.large'"):
        deploy_model(world.runtime, task(document(upto="Register", plan=changed)))


@pytest.mark.parametrize("serving", [None, OLD])
def test_killed_at_any_call_and_called_again_it_deploys_once(
    world: World, serving: str | None
) -> None:
    def reset() -> None:
        for things in (world.sagemaker.models, world.sagemaker.configs, world.sagemaker.endpoints):
            things.clear()
        world.sagemaker.updates.clear()
        for item in world.table.scan()["Items"]:
            world.table.delete_item(Key={"pk": item["pk"], "sk": item["sk"]})
        if serving:
            world.sagemaker.serve("oil-price", serving)

    reset()
    for place in killed_everywhere(
        world, lambda runtime: deploy_model(runtime, task(READY, "dead"))
    ):
        deploy_model(world.runtime, task(READY, "alive"))
        change = world.runtime.ledger.endpoint_change(RELEASE)
        assert change is not None
        assert change.previous_config == serving, place
        assert world.sagemaker.updates == ([CONFIG] if serving else []), place
        world.sagemaker.finish_update("oil-price")
        assert isinstance(settle(world.runtime, waiter(world)), Succeeded), place
        assert waiter(world).token == "alive", place
        reset()


@pytest.mark.parametrize("call", ["create_endpoint_config", "create_endpoint", "update_endpoint"])
def test_what_sagemaker_does_not_see_yet_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def unseen(**_: object) -> None:
        raise client_error("ValidationException", 'Could not find model "arn:…/oil-price".')

    if call == "update_endpoint":
        world.sagemaker.serve("oil-price", OLD)
    with monkeypatch.context() as patch:
        patch.setattr(world.sagemaker, call, unseen)
        with pytest.raises(ServiceFault, match="does not see yet"):
            deploy_model(world.runtime, task(READY, "first"))
    deploy_model(world.runtime, task(READY, "second"))
    world.sagemaker.finish_update("oil-price")
    assert isinstance(settle(world.runtime, waiter(world)), Succeeded)
