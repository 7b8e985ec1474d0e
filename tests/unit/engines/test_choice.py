"""Which engine a cloud gets."""

import socket
from pathlib import Path

import pytest

from modelwharf.engines.choice import NoSuchEngine, choose
from modelwharf.engines.container import NoEngine
from modelwharf.engines.processes import Processes


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an engine that is not there."""
    address = f"unix://{tmp_path}/engine.sock"
    monkeypatch.setenv("DOCKER_HOST", address)
    return address


def test_without_a_container_engine_images_run_as_processes(nobody: str, tmp_path: Path) -> None:
    engine = choose(None, tmp_path, Processes())
    assert engine.name == "process"
    assert engine.description == (
        f"process (no Docker or podman answers: {nobody}: no such file or directory)"
    )


def test_processes_are_taken_when_they_are_asked_for(tmp_path: Path) -> None:
    engine = choose("process", tmp_path, Processes())
    assert engine.description.startswith("process (no containers; Python 3.")
    assert set(engine.unsupported) == {"platform", "isolated", "read_only", "user", "limits"}


def test_a_container_engine_that_is_asked_for_and_not_there_is_refused_with_what_to_type(
    nobody: str, tmp_path: Path
) -> None:
    with pytest.raises(NoSuchEngine) as refused:
        choose("docker", tmp_path, Processes())
    assert f"{nobody}: no such file or directory" in str(refused.value)
    assert "podman system service" in str(refused.value)
    assert "--engine process" in str(refused.value)


def test_sockets_that_are_not_there_are_no_news() -> None:
    tried = {"unix:///a.sock": "no such file or directory", "unix:///b.sock": "permission denied"}

    assert NoEngine(tried).summary == "no Docker or podman runs here"
    assert NoEngine(tried, ["unix:///b.sock"]).summary == (
        "no Docker or podman answers: unix:///b.sock: permission denied"
    )
    assert "unix:///a.sock: no such file" in str(NoEngine(tried))


@pytest.mark.parametrize("requested", [None, "docker"])
def test_an_engine_that_is_merely_busy_is_not_taken_for_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, requested: str | None
) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(f"{tmp_path}/busy.sock")
        silent.listen()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/busy.sock")
        with pytest.raises(NoSuchEngine, match=r"is there, but did not answer within 0\.2 s"):
            choose(requested, tmp_path, Processes(), timeout=0.2)
