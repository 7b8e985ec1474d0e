import pytest

from contracts.parameters import Deployment
from lambdas.deploy_model import deploy_model
from lambdas.errors import DeploymentFailed, EndpointBusy, ServiceFault
from lambdas.ledger import EndpointChange, Waiter
from lambdas.settlement import settle
from lambdas.verdict import Failed, Running, Succeeded
from tests.unit.lambdas.conftest import World
from tests.unit.lambdas.fakes import client_error
from tests.unit.lambdas.kills import killed_everywhere
from tests.unit.lambdas.releases import CONFIG, MODEL, OTHER, RELEASE, document, plan, task

READY = document(upto="Register")
OLD = "older-config"


def waiter(world: World) -> Waiter:
    [row] = world.site.ledger.waiters(f"endpoint/oil-price/{CONFIG}")
    return row


def test_a_new_endpoint_is_created(world: World) -> None:
    deploy_model(world.site, task(READY))
    assert world.sagemaker.endpoints["oil-price"]["EndpointConfigName"] == CONFIG
    [variant] = world.sagemaker.configs[CONFIG]["ProductionVariants"]
    assert (variant["VariantName"], variant["ModelName"]) == ("champion", MODEL)
    assert settle(world.site, waiter(world)) == Running()
    world.sagemaker.finish_update("oil-price")
    verdict = settle(world.site, waiter(world))
    assert isinstance(verdict, Succeeded)
    assert verdict.output.model_dump() == {
        "endpoint": "oil-price",
        "config": CONFIG,
        "model": MODEL,
        "previous_config": None,
    }


def test_an_endpoint_that_serves_is_updated_and_its_configuration_remembered(world: World) -> None:
    world.sagemaker.serve("oil-price", OLD)
    deploy_model(world.site, task(READY))
    assert world.sagemaker.updates == [CONFIG]
    assert world.site.ledger.endpoint_change(RELEASE) == EndpointChange(
        endpoint="oil-price", config=CONFIG, model=MODEL, previous_config=OLD
    )
    world.sagemaker.finish_update("oil-price")
    verdict = settle(world.site, waiter(world))
    assert isinstance(verdict, Succeeded)
    assert verdict.output.model_dump()["previous_config"] == OLD


def test_a_silent_way_back_is_a_failure(world: World) -> None:
    world.sagemaker.serve("oil-price", OLD)
    deploy_model(world.site, task(READY))
    world.sagemaker.finish_update("oil-price", reason="the container did not pass ping")
    verdict = settle(world.site, waiter(world))
    assert isinstance(verdict, Failed)
    assert verdict.error == "DeploymentFailed"
    assert f"serves configuration '{OLD}' instead of '{CONFIG}'" in verdict.cause
    assert "the container did not pass ping" in verdict.cause


def test_an_endpoint_that_could_not_be_created_is_a_failure(world: World) -> None:
    deploy_model(world.site, task(READY))
    world.sagemaker.finish_update("oil-price", reason="no capacity")
    verdict = settle(world.site, waiter(world))
    assert isinstance(verdict, Failed)
    assert "is Failed: no capacity" in verdict.cause


def test_the_old_configuration_before_the_update_was_asked_for_is_no_failure(world: World) -> None:
    world.sagemaker.serve("oil-price", OLD)
    deploy_model(world.site, task(READY))
    row = waiter(world).model_copy(update={"submitted": False})
    world.sagemaker.serve("oil-price", OLD)
    assert settle(world.site, row) == Running()


def test_what_serves_already_is_answered_at_once(world: World) -> None:
    deploy_model(world.site, task(READY, "dead"))
    world.sagemaker.finish_update("oil-price")
    deploy_model(world.site, task(READY, "alive"))
    assert world.answers["alive"]["output"]["config"] == CONFIG
    assert world.sagemaker.updates == []


def test_a_retry_after_the_update_remembers_what_served_before_the_release(world: World) -> None:
    world.sagemaker.serve("oil-price", OLD)
    deploy_model(world.site, task(READY, "dead"))
    world.sagemaker.finish_update("oil-price")
    deploy_model(world.site, task(READY, "alive"))
    assert world.answers["alive"]["output"]["previous_config"] == OLD


def test_another_release_that_deploys_is_named_and_nothing_is_touched(world: World) -> None:
    world.site.ledger.take_lease("oil-price", OTHER, now=world.clock(), until=world.clock() + 99)
    with pytest.raises(EndpointBusy, match=OTHER):
        deploy_model(world.site, task(READY))
    assert world.sagemaker.models == {}
    assert world.site.ledger.endpoint_change(RELEASE) is None


def test_a_lease_that_ran_out_is_taken_over(world: World) -> None:
    world.site.ledger.take_lease("oil-price", OTHER, now=world.clock(), until=world.clock() + 99)
    world.clock.time += 100
    deploy_model(world.site, task(READY))
    with pytest.raises(EndpointBusy, match=RELEASE):
        world.site.ledger.take_lease("oil-price", OTHER, now=world.clock(), until=0)


def test_an_update_by_someone_else_is_waited_for(world: World) -> None:
    world.sagemaker.serve("oil-price", OLD)
    world.sagemaker.endpoints["oil-price"]["EndpointStatus"] = "Updating"
    with pytest.raises(EndpointBusy, match="is Updating"):
        deploy_model(world.site, task(READY))
    assert world.site.ledger.endpoint_change(RELEASE) is None


def test_a_failed_endpoint_is_refused_with_what_to_type(world: World) -> None:
    world.sagemaker.serve("oil-price", OLD)
    world.sagemaker.endpoints["oil-price"]["EndpointStatus"] = "Failed"
    with pytest.raises(DeploymentFailed, match="aws sagemaker delete-endpoint"):
        deploy_model(world.site, task(READY))


def test_a_model_of_that_name_from_elsewhere_is_refused(world: World) -> None:
    world.sagemaker.create_model(ModelName=MODEL, PrimaryContainer={"Image": "another"})
    with pytest.raises(DeploymentFailed, match="exists already with Image 'another'"):
        deploy_model(world.site, task(READY))


def test_a_configuration_of_that_name_from_elsewhere_is_refused(world: World) -> None:
    deploy_model(world.site, task(READY))
    changed = plan(deployment=Deployment(instance_type="ml.m5.xlarge"))
    with pytest.raises(DeploymentFailed, match=r"InstanceType 'ml.m5.large'"):
        deploy_model(world.site, task(document(upto="Register", plan=changed)))


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
    for place in killed_everywhere(world, lambda site: deploy_model(site, task(READY, "dead"))):
        deploy_model(world.site, task(READY, "alive"))
        change = world.site.ledger.endpoint_change(RELEASE)
        assert change is not None
        assert change.previous_config == serving, place
        assert world.sagemaker.updates == ([CONFIG] if serving else []), place
        world.sagemaker.finish_update("oil-price")
        assert isinstance(settle(world.site, waiter(world)), Succeeded), place
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
            deploy_model(world.site, task(READY, "first"))
    deploy_model(world.site, task(READY, "second"))
    world.sagemaker.finish_update("oil-price")
    assert isinstance(settle(world.site, waiter(world)), Succeeded)
