from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.release import laptop as laptops
from tests.release.laptop import Laptop
from tests.release.team import Team


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return laptops.synthesise(tmp_path_factory.mktemp("assembly") / "cdk.out")


@pytest.fixture(scope="module")
def startup_seconds() -> int:
    """How long a server may take until it is healthy.

    AWS gives it 300 s; a test of one that never is should not take as long.
    """
    return 5


@pytest.fixture(scope="module")
def laptop(
    assembly: Path, startup_seconds: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Laptop]:
    patience = {"WHARF_STARTUP_TIMEOUT": str(startup_seconds)}
    running = laptops.start(tmp_path_factory.mktemp("cloud"), assembly, patience)
    yield running
    laptops.stop(running)


@pytest.fixture(scope="module")
def team(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> Team:
    """A team whose first model serves already."""
    team = Team(laptop, tmp_path_factory.mktemp("team") / "repository")
    team.set_up()
    team.commit("The mean model")
    first = team.end(team.started_by(team.push))
    assert first.status == "SUCCEEDED", (first.error, first.cause, laptop.log.read_text()[-3000:])
    return team
