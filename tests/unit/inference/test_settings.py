from pathlib import Path

import pytest

from inference.settings import BadSetting, Settings


def test_a_container_listens_where_sagemaker_asks() -> None:
    assert Settings.of({}) == Settings("0.0.0.0", 8080, Path("/opt/ml/model"))


def test_the_environment_moves_port_host_and_tree() -> None:
    environment = {
        "SAGEMAKER_BIND_TO_PORT": "9001",
        "SAGEMAKER_BIND_TO_HOST": "127.0.0.1",
        "SAGEMAKER_BASE_DIR": "/elsewhere",
    }
    assert Settings.of(environment) == Settings("127.0.0.1", 9001, Path("/elsewhere/model"))


@pytest.mark.parametrize("port", ["http", "-1", "65536", "80 80"])
def test_a_port_that_is_none_is_refused_by_name(port: str) -> None:
    with pytest.raises(BadSetting, match="SAGEMAKER_BIND_TO_PORT is"):
        Settings.of({"SAGEMAKER_BIND_TO_PORT": port})
