import pytest

from lambdas.endpoint_rows import Champion
from lambdas.entry import as_json, entry
from lambdas.errors import EndpointBusy, IncompleteRelease, Superseded
from lambdas.handlers.promote_model import promote_model
from lambdas.runtime import Runtime
from modelwharf.contracts.release import ReleaseDocument
from modelwharf.contracts.stages import VerifiedRelease
from tests.unit.lambdas.conftest import World
from tests.unit.lambdas.kills import killed_everywhere
from tests.unit.lambdas.releases import CONFIG, OTHER, PACKAGE, RELEASE, document, trigger

VERIFIED = document(upto="Verify")


def lease(world: World, release: str) -> None:
    world.runtime.ledger.take_lease(
        "oil-price", release, now=world.clock(), until=world.clock() + 9
    )


def test_the_first_release_becomes_champion_and_gives_the_lease_back(world: World) -> None:
    lease(world, RELEASE)
    promotion = promote_model(world.runtime, VERIFIED).promotion
    assert promotion is not None
    assert promotion.model_dump() == {
        "champion": RELEASE,
        "previous_champion": None,
        "removal": {"removed": (), "left": ""},
    }
    assert world.runtime.ledger.champion("oil-price") == Champion(
        release_id=RELEASE, config=CONFIG, model_package=PACKAGE
    )
    lease(world, OTHER)


def test_the_champion_before_is_remembered(world: World) -> None:
    world.runtime.ledger.put_champion(
        "oil-price", Champion(release_id=OTHER, config="old", model_package="arn:old")
    )
    promotion = promote_model(world.runtime, VERIFIED).promotion
    assert promotion is not None
    assert promotion.previous_champion == OTHER


def test_the_champion_s_order_is_remembered_also_after_a_way_back(world: World) -> None:
    old = Champion(release_id=OTHER, config="old", model_package="arn:old", order=3)
    world.runtime.ledger.put_champion("oil-price", old)
    promote_model(world.runtime, document(upto="Verify", trigger=trigger(order=4)))
    champion = world.runtime.ledger.champion("oil-price")
    assert champion is not None and (champion.order, champion.previous_order) == (4, 3)
    world.runtime.ledger.restore_previous_champion("oil-price", RELEASE)
    assert world.runtime.ledger.champion("oil-price") == old


def test_the_pointer_never_moves_back_in_the_order_of_releases(world: World) -> None:
    later = Champion(release_id=OTHER, config="later", model_package="arn:later", order=5)
    world.runtime.ledger.put_champion("oil-price", later)
    with pytest.raises(Superseded, match=rf"release {OTHER} \(5 in the order"):
        promote_model(world.runtime, document(upto="Verify", trigger=trigger(order=4)))
    assert world.runtime.ledger.champion("oil-price") == later


def test_without_a_verification_nothing_is_promoted(world: World) -> None:
    @entry(VerifiedRelease, lambda: world.runtime)
    def handler(release: VerifiedRelease, runtime: Runtime) -> ReleaseDocument:
        return promote_model(runtime, release)

    with pytest.raises(IncompleteRelease, match="has no 'verification' yet"):
        handler(as_json(document(upto="Deploy")), None)
    assert world.runtime.ledger.champion("oil-price") is None


def test_a_pointer_that_moved_meanwhile_is_not_overwritten(world: World) -> None:
    moved = Champion(release_id=OTHER, config="old", model_package="arn:old")
    world.runtime.ledger.put_champion("oil-price", moved)
    with pytest.raises(EndpointBusy, match="changed while"):
        world.runtime.ledger.put_champion(
            "oil-price", Champion(release_id=RELEASE, config=CONFIG, model_package=PACKAGE)
        )
    assert world.runtime.ledger.champion("oil-price") == moved


def test_killed_at_any_call_and_called_again_the_answer_is_the_same(world: World) -> None:
    before = Champion(release_id=OTHER, config="old", model_package="arn:old")

    def reset() -> None:
        for item in world.table.scan()["Items"]:
            world.table.delete_item(Key={"pk": item["pk"], "sk": item["sk"]})
        world.runtime.ledger.put_champion("oil-price", before)
        lease(world, RELEASE)

    reset()
    for place in killed_everywhere(world, lambda runtime: promote_model(runtime, VERIFIED)):
        promotion = promote_model(world.runtime, VERIFIED).promotion
        assert promotion is not None
        assert (promotion.champion, promotion.previous_champion) == (RELEASE, OTHER), place
        lease(world, OTHER)  # it is free
        reset()
