from pathlib import Path

import pytest

from modelwharf.serving.journal import AccessLog
from modelwharf.serving.settings import BadSetting, Settings


def test_a_container_listens_where_sagemaker_asks() -> None:
    assert Settings.of({}) == Settings("0.0.0.0", 8080, Path("/opt/ml"))


def test_the_environment_moves_port_host_and_tree() -> None:
    environment = {
        "SAGEMAKER_BIND_TO_PORT": "9001",
        "SAGEMAKER_BIND_TO_HOST": "127.0.0.1",
        "SAGEMAKER_BASE_DIR": "/elsewhere",
    }
    assert Settings.of(environment) == Settings("127.0.0.1", 9001, Path("/elsewhere"))


@pytest.mark.parametrize("port", ["http", "-1", "65536", "80 80"])
def test_a_port_that_is_none_is_refused_by_name(port: str) -> None:
    with pytest.raises(BadSetting, match="SAGEMAKER_BIND_TO_PORT is"):
        Settings.of({"SAGEMAKER_BIND_TO_PORT": port})


def test_the_models_lie_where_sagemaker_unpacks_them() -> None:
    settings = Settings.of({})
    assert (settings.model, settings.models) == (Path("/opt/ml/model"), Path("/opt/ml/models"))


@pytest.mark.parametrize(
    ("value", "many"), [("true", True), ("True", True), ("false", False), ("", False)]
)
def test_sagemaker_says_when_the_server_has_many_models(value: str, many: bool) -> None:
    assert Settings.of({"SAGEMAKER_MULTI_MODEL": value}).multi_model is many


def test_another_word_for_many_models_is_refused() -> None:
    with pytest.raises(BadSetting, match="SAGEMAKER_MULTI_MODEL is 'yes'; it must be true or fal"):
        Settings.of({"SAGEMAKER_MULTI_MODEL": "yes"})


def test_the_operator_may_limit_the_memory() -> None:
    assert Settings.of({}).memory_limit is None
    assert Settings.of({"WHARF_MEMORY_LIMIT_MIB": "900"}).memory_limit == 900


@pytest.mark.parametrize("limit", ["0", "-5", "2GB", "9" * 30])
def test_a_limit_that_is_none_is_refused_by_name(limit: str) -> None:
    with pytest.raises(BadSetting, match="WHARF_MEMORY_LIMIT_MIB is"):
        Settings.of({"WHARF_MEMORY_LIMIT_MIB": limit})


def test_the_operator_may_say_how_many_workers_there_are() -> None:
    assert Settings.of({}).workers is None
    assert Settings.of({"WHARF_WORKERS": "3"}).workers == 3


@pytest.mark.parametrize("workers", ["0", "-1", "two", "1.5", "99999"])
def test_a_number_of_workers_that_is_none_is_refused_by_name(workers: str) -> None:
    with pytest.raises(BadSetting, match=f"WHARF_WORKERS is '{workers}'; it must be 1 to 1024"):
        Settings.of({"WHARF_WORKERS": workers})


def test_the_operator_may_say_which_requests_are_logged() -> None:
    assert Settings.of({}).access_log is AccessLog.SAMPLED
    assert Settings.of({"WHARF_ACCESS_LOG": "All"}).access_log is AccessLog.ALL
    with pytest.raises(BadSetting, match="must be one of all, sampled, errors, off"):
        Settings.of({"WHARF_ACCESS_LOG": "yes"})
