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
def laptop(assembly: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    # AWS gives a server 300 s until it is healthy; no test waits that long for one that never is.
    quick = {"WHARF_STARTUP_TIMEOUT": "5"}
    running = laptops.start(tmp_path_factory.mktemp("cloud"), assembly, quick)
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
