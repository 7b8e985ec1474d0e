"""The descriptions of services are listed once, whichever module reads one."""

from moto.core import utils

from modelwharf.laptop.overrides import stock
from tests.unit.laptop.core.world import World


def test_one_loader_serves_every_service(world: World) -> None:
    shipped = stock(utils, "create_loader")
    assert shipped() is not shipped(), "moto shares its loader by now: ours can go"

    assert utils.create_loader() is utils.create_loader()
