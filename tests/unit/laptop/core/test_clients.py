"""The cloud's own clients of itself."""

from tests.unit.laptop.core.world import World


def test_root_has_one_client_of_each_service_and_a_role_a_new_one_each_time(world: World) -> None:
    role = world.role()
    assert world.cloud.client("s3") is world.cloud.client("s3")
    assert world.cloud.client("s3") is not world.cloud.client("sqs")
    assert world.cloud.client("s3", role=role) is not world.cloud.client("s3", role=role)
    assert world.cloud.client("sts", role=role).get_caller_identity()["Arn"].count(":assumed-role/")
