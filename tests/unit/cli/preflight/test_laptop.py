"""The same checks against the laptop's cloud: what it has is looked at, what it has not is said."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.preflight.account import Account
from cli.preflight.plan import examine
from cli.services import services_of
from contracts.preflight import Outcome
from localcloud.cloudformation import _publish_parameter
from tests.unit.cli.preflight.accounts import BOOTSTRAP, LAYER, TEMPLATE
from tests.unit.localcloud.core.world import REGION, World, serving


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with serving(Path(tmp_path_factory.mktemp("cloud"))) as made:
        yield made


def outcomes(world: World) -> dict[str, Outcome]:
    keys = world.cloud.root_credentials()
    services = services_of({"AWS_ENDPOINT_URL": world.cloud.url, "AWS_REGION": REGION, **keys})
    account = Account(services, "oil-price", TEMPLATE)
    return {finding.id: finding.outcome for finding in examine(account).findings}


def test_what_the_laptop_lacks_is_said_and_what_it_has_is_judged(world: World) -> None:
    before = outcomes(world)
    assert before["bootstrap"] is Outcome.SKIPPED
    assert before["layer"] is Outcome.FAIL
    assert before["credentials"] is before["codecommit"] is Outcome.PASS

    _publish_parameter(world.cloud, LAYER, "arn")
    _publish_parameter(world.cloud, BOOTSTRAP, "5")
    after = outcomes(world)
    assert (after["layer"], after["bootstrap"]) == (Outcome.PASS, Outcome.FAIL)


def test_a_repository_that_no_stack_has_is_a_leftover(world: World) -> None:
    assert outcomes(world)["leftovers"] is Outcome.PASS

    world.client("codecommit").create_repository(repositoryName="oil-price")

    assert outcomes(world)["leftovers"] is Outcome.FAIL
