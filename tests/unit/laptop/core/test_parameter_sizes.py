"""How much a parameter holds, as PutParameter says."""

import pytest
from botocore.exceptions import ClientError

from tests.unit.laptop.core.world import World


def put(world: World, length: int, **more: str) -> str:
    answer = world.client("ssm").put_parameter(
        Name=world.name("parameter"), Value="x" * length, Type="String", **more
    )
    return str(answer["Tier"])


def test_a_standard_parameter_holds_4096_characters(world: World) -> None:
    assert put(world, 4096) == "Standard"
    with pytest.raises(ClientError, match="maximum parameter value of 4096 characters") as refused:
        put(world, 4097)
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_an_advanced_one_holds_8192(world: World) -> None:
    assert put(world, 8192, Tier="Advanced") == "Advanced"
    with pytest.raises(ClientError, match="maximum parameter value of 8192 characters"):
        put(world, 8193, Tier="Advanced")


def test_who_leaves_the_tier_to_aws_gets_the_one_that_holds_it(world: World) -> None:
    assert put(world, 10, Tier="Intelligent-Tiering") == "Standard"
    assert put(world, 5000, Tier="Intelligent-Tiering") == "Advanced"


def test_a_new_value_leaves_the_tier_as_it_is(world: World) -> None:
    name, ssm = world.name("parameter"), world.client("ssm")
    ssm.put_parameter(Name=name, Value="x", Type="String", Tier="Advanced")
    assert ssm.put_parameter(Name=name, Value="x" * 5000, Overwrite=True)["Tier"] == "Advanced"
