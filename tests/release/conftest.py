"""One cloud for the modules that change no setting of it: tests/conftest.py keeps them together."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.release import laptop as laptops
from tests.release.laptop import Laptop
from tests.release.team import Team


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return laptops.assembly_of_the_run(tmp_path_factory)


@pytest.fixture(scope="session")
def laptop(assembly: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    with laptops.running(tmp_path_factory.mktemp("cloud"), assembly) as laptop:
        yield laptop


@pytest.fixture(scope="session")
def team(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> Team:
    """A team whose first model serves already."""
    return Team.serving(laptop, tmp_path_factory.mktemp("team") / "repository")
