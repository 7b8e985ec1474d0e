"""The engine dies in the middle of a release: the release says so, and the next one works."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.containers.engines import PYTHON_BASE, ContainerEngine
from tests.containers.private_engines import PrivateEngine, private_engine
from tests.release import laptop as laptops
from tests.release.laptop import Laptop
from tests.release.team import Team
from tests.waiting import has_ended, until

RELEASE = 300  # seconds


@pytest.fixture
def own(engine: ContainerEngine) -> Iterator[PrivateEngine]:
    with private_engine(engine) as started:
        started.load(engine, PYTHON_BASE)
        yield started


@pytest.fixture
def own_laptop(own: PrivateEngine, assembly: Path, tmp_path: Path) -> Iterator[Laptop]:
    # Podman keeps no secret in a store that is not its own; the model needs no package.
    host = {"DOCKER_HOST": own.address, "PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": ""}
    running = laptops.start(tmp_path / "cloud", assembly, host, engine="docker")
    yield running
    laptops.stop(running)


def training_process(own: PrivateEngine) -> int | None:
    """The process, as this machine numbers it, of the training container that runs."""
    with closing(own.client()) as client:
        for container in client.containers.list():
            if "training-job" in str(container.name):
                pid: int = client.api.inspect_container(str(container.id))["State"]["Pid"]
                return pid
    return None


def training(team: Team, name: str, own: PrivateEngine) -> int | None:
    """The same, unless the release has ended before: its reason, then."""
    found = team.laptop.client("stepfunctions").describe_execution(executionArn=team.arn(name))
    assert found["status"] == "RUNNING", found.get("cause")
    return training_process(own)


def test_a_release_whose_engine_is_killed_fails_with_that_reason_and_the_next_one_works(
    own: PrivateEngine, own_laptop: Laptop, tmp_path: Path
) -> None:
    team = Team(own_laptop, tmp_path / "repository")
    team.set_up()
    team.configure("training", hyperparameters={"seconds": "600"})
    team.commit("The mean model")
    name = team.started_by(team.push)
    program = until(lambda: training(team, name, own), "the training container", seconds=RELEASE)
    own.kill()
    ended = team.end(name, seconds=RELEASE)
    assert ended.status == "FAILED"
    assert "the container engine (" in ended.reason
    assert "stopped answering at" in ended.reason
    until(lambda: has_ended(program), "the end of the training program")

    own.start()
    team.configure("training", hyperparameters=None)
    again = team.release(seconds=RELEASE)
    assert again.status == "SUCCEEDED", again.reason
    assert training_process(own) is None
