"""What no way back leads to any more is removed; all else stays."""

import pytest

from lambdas.endpoint_rows import Champion
from lambdas.handlers.promote_model import promote_model
from modelwharf.contracts.release import Promotion, Removal
from tests.unit.lambdas.conftest import World
from tests.unit.lambdas.fakes import client_error
from tests.unit.lambdas.kills import killed_everywhere
from tests.unit.lambdas.releases import CONFIG, MODEL, OTHER, RELEASE, document

OLDEST = "r-0000000000000001"
VERIFIED = document(upto="Verify")
BEFORE = Champion(
    release_id=OTHER,
    config=f"oil-price-{OTHER}-config",
    model_package="arn:other",
    order=2,
    previous_release=OLDEST,
    previous_config=f"oil-price-{OLDEST}-config",
    previous_model_package="arn:oldest",
    previous_order=1,
)
REMOVED = (f"oil-price-{OLDEST}-config", f"oil-price-{OLDEST}-model")
THEIR_OWN = "made-by-hand"


@pytest.fixture
def world(world: World) -> World:
    """Two releases that were champion, the third verified, and a resource of no release."""
    prepare(world)
    return world


def prepare(world: World) -> None:
    for release in (OLDEST, OTHER, RELEASE):
        world.sagemaker.configs[f"oil-price-{release}-config"] = {}
        world.sagemaker.models[f"oil-price-{release}-model"] = {}
    world.sagemaker.configs[THEIR_OWN] = {}
    world.sagemaker.models[THEIR_OWN] = {}
    world.sagemaker.serve("oil-price", CONFIG)
    for item in world.table.scan()["Items"]:
        world.table.delete_item(Key={"pk": item["pk"], "sk": item["sk"]})
    first = Champion(release_id=OLDEST, config="c", model_package="arn", order=1)
    world.runtime.ledger.put_champion("oil-price", first)
    world.runtime.ledger.put_champion("oil-price", BEFORE)


def promoted(world: World) -> Promotion:
    promotion = promote_model(world.runtime, VERIFIED).promotion
    assert promotion is not None
    return promotion


def left(world: World) -> set[str]:
    return {*world.sagemaker.configs, *world.sagemaker.models}


KEPT = {
    *(CONFIG, MODEL, THEIR_OWN),
    *(f"oil-price-{OTHER}-config", f"oil-price-{OTHER}-model"),
}


def test_the_champion_and_the_one_before_keep_their_models_and_no_other_release(
    world: World,
) -> None:
    assert promoted(world).removal == Removal(removed=REMOVED)

    assert left(world) == KEPT
    champion = world.runtime.ledger.champion("oil-price")
    assert champion is not None and champion.outdated == ()


def test_what_the_endpoint_serves_is_not_removed_whatever_the_ledger_says(world: World) -> None:
    world.sagemaker.serve("oil-price", REMOVED[0])

    assert promoted(world).removal == Removal()

    assert {*REMOVED} <= left(world)
    champion = world.runtime.ledger.champion("oil-price")
    assert champion is not None and champion.outdated == (OLDEST,)


def test_a_removal_that_fails_is_said_and_made_up_for_by_the_next_promotion(world: World) -> None:
    def refuse(*, ModelName: str) -> None:  # noqa: N803
        raise client_error("AccessDeniedException", "no sagemaker:DeleteModel")

    world.sagemaker.delete_model = refuse  # type: ignore[method-assign]
    removal = promoted(world).removal
    assert removal.removed == REMOVED[:1] and "no sagemaker:DeleteModel" in removal.left
    champion = world.runtime.ledger.champion("oil-price")
    assert champion is not None
    assert (champion.release_id, champion.outdated) == (RELEASE, (OLDEST,))

    del world.sagemaker.delete_model
    assert promoted(world).removal == Removal(removed=REMOVED)
    assert left(world) == KEPT


def test_a_release_that_is_taken_back_forgets_nothing_that_is_to_be_removed(world: World) -> None:
    outdated = Champion(
        release_id=RELEASE,
        config=CONFIG,
        model_package="arn",
        order=3,
        previous_release=OTHER,
        previous_order=2,
        outdated=(OLDEST,),
    )
    world.runtime.ledger.put_champion("oil-price", outdated)

    world.runtime.ledger.restore_previous_champion("oil-price", RELEASE)

    champion = world.runtime.ledger.champion("oil-price")
    assert champion is not None
    assert (champion.release_id, champion.outdated) == (OTHER, (OLDEST,))


def test_killed_at_any_call_and_called_again_the_same_is_left(world: World) -> None:
    for place in killed_everywhere(world, lambda runtime: promote_model(runtime, VERIFIED)):
        assert promoted(world).removal.left == "", place
        assert left(world) == KEPT, place
        prepare(world)
