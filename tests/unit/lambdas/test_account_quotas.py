"""Quotas are looked at before money is spent, and what waiting cannot change is not waited for."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from lambdas.account_quotas import required_quotas
from lambdas.errors import QuotaTooSmall
from lambdas.handlers.deploy_model import deploy_model
from modelwharf.contracts.parameters import Deployment, Parameters, Training
from modelwharf.contracts.quotas import (
    BUILDS,
    CODEBUILD,
    ENDPOINT,
    SAGEMAKER,
    TRAINING,
    instances_of,
)
from modelwharf.contracts.section_text import InvalidParameter
from tests.unit.lambdas.conftest import World
from tests.unit.lambdas.fakes import client_error
from tests.unit.lambdas.releases import document, plan, task

DOCUMENT = document(upto="Start")
ENDPOINTS = instances_of("ml.m5.large", ENDPOINT)
TRAININGS = instances_of("ml.m5.large", TRAINING)
LIMIT = (
    "The account-level service limit 'ml.m5.large for endpoint usage' is {} Instances, with "
    "current utilization of {} Instances and a request delta of 1 Instances. Please use …"
)


def notices(world: World, parameters: Parameters | None = None) -> tuple[str, ...]:
    return required_quotas(world.runtime, DOCUMENT, parameters or Parameters())[1]


def test_quotas_that_suffice_are_kept_with_their_codes_and_nothing_is_reported(
    world: World,
) -> None:
    quotas, told = required_quotas(world.runtime, DOCUMENT, Parameters())
    assert told == ()
    assert {quota.name: quota.value for quota in quotas}[ENDPOINTS] == 20
    assert all(quota.code.startswith("L-") for quota in quotas) and len(quotas) == 4


def test_every_quota_that_is_too_small_is_named_at_once_with_code_command_and_parameter(
    world: World,
) -> None:
    world.quotas.applied |= {(SAGEMAKER, ENDPOINTS): 0, (SAGEMAKER, TRAININGS): 0}
    with pytest.raises(QuotaTooSmall) as caught:
        required_quotas(world.runtime, DOCUMENT, Parameters())
    for name, section in ((ENDPOINTS, "deployment"), (TRAININGS, "training")):
        assert f"quota '{name}' ({world.quotas.code(name)}) is 0" in str(caught.value)
        assert f"--quota-code {world.quotas.code(name)} --desired-value" in str(caught.value)
        assert f"instance_count in /modelwharf/oil-price/{section}" in str(caught.value)


def test_a_fleet_that_serves_needs_the_quota_twice(world: World) -> None:
    world.quotas.applied[SAGEMAKER, ENDPOINTS] = 1
    assert "the next release needs 2" in notices(world)[0]
    world.sagemaker.serve("oil-price", "older")
    with pytest.raises(QuotaTooSmall, match="1 beside the 1 that serve: 2 are needed"):
        notices(world)


def test_an_endpoint_that_failed_holds_no_instances(world: World) -> None:
    world.quotas.applied[SAGEMAKER, ENDPOINTS] = 1
    world.sagemaker.serve("oil-price", "older")
    world.sagemaker.endpoints["oil-price"]["EndpointStatus"] = "Failed"
    assert "the next release" in notices(world)[0]


def test_one_build_at_a_time_is_reported_and_stops_nothing(world: World) -> None:
    world.quotas.applied[CODEBUILD, BUILDS] = 1
    (told,) = notices(world)
    assert "built one after the other" in told and "--service-code codebuild" in told


def test_a_type_that_service_quotas_does_not_list_is_reported(world: World) -> None:
    (told,) = notices(world, Parameters(deployment=Deployment(instance_type="ml.m5.xlarge")))
    assert "no quota 'ml.m5.xlarge for endpoint usage'" in told


def test_types_that_sagemaker_does_not_have_for_their_use_are_refused_at_once(
    world: World,
) -> None:
    parameters = Parameters(
        training=Training(instance_type="ml.c5.large"),  # it serves, and does not train
        deployment=Deployment(instance_type="ml.m5.lrge"),
    )
    with pytest.raises(InvalidParameter) as caught:
        notices(world, parameters)
    assert "/oil-price/training: instance_type is 'ml.c5.large', which" in str(caught.value)
    assert "not have for a training job; it has ml.c5" in str(caught.value)
    assert "/oil-price/deployment: instance_type is 'ml.m5.lrge', which" in str(caught.value)
    assert "it has ml.m5.large" in str(caught.value)


def test_a_type_that_the_region_has_and_the_sdk_does_not_know_yet_is_taken(world: World) -> None:
    world.quotas.applied[SAGEMAKER, instances_of("ml.m99.large", ENDPOINT)] = 2
    assert notices(world, Parameters(deployment=Deployment(instance_type="ml.m99.large"))) == ()


@pytest.mark.parametrize(
    "refusal",
    [
        client_error("AccessDeniedException", "an organisation's policy", status=403),
        client_error("TooManyRequestsException", status=429),
        client_error("ServiceException", status=500),
        client_error("NoSuchResourceException"),
        EndpointConnectionError(endpoint_url="https://servicequotas"),
    ],
)
def test_service_quotas_that_cannot_be_asked_fail_no_release_and_are_reported(
    world: World, refusal: Exception
) -> None:
    world.quotas.refusal = refusal
    (told,) = notices(world)
    assert told.startswith("the account's quotas could not be read")


def test_a_long_list_is_read_no_longer_than_the_function_may_take(world: World) -> None:
    world.quotas.defaults = {
        **{(CODEBUILD, f"another {n}"): 1.0 for n in range(99)},
        **world.quotas.defaults,
    }
    runtime = replace(world.runtime, seconds_left=lambda: 29.0)
    assert "took too long" in required_quotas(runtime, DOCUMENT, Parameters())[1][0]
    assert world.quotas.pages < 5


@pytest.fixture
def full(world: World) -> Callable[[int, int], World]:
    """An account whose quota refuses the update of the endpoint."""

    def refuse(limit: int, used: int) -> World:
        def update_endpoint(**call: str) -> None:
            raise client_error("ResourceLimitExceeded", LIMIT.format(limit, used))

        world.sagemaker.update_endpoint = update_endpoint  # type: ignore[method-assign]
        world.sagemaker.serve("oil-price", "older")
        return world

    return refuse


READY = task(document(upto="Register", plan=plan()))


def test_an_update_that_has_no_room_beside_its_own_fleet_fails_at_once(
    full: Callable[[int, int], World],
) -> None:
    world = full(1, 1)
    with pytest.raises(QuotaTooSmall) as caught:
        deploy_model(world.runtime, READY)
    assert "cannot change by waiting" in str(caught.value)
    assert "instance_count in /modelwharf/oil-price/deployment" in str(caught.value)


def test_an_update_that_another_endpoint_takes_the_room_of_is_waited_for(
    full: Callable[[int, int], World],
) -> None:
    world = full(2, 2)
    with pytest.raises(ClientError, match="ResourceLimitExceeded"):
        deploy_model(world.runtime, READY)
