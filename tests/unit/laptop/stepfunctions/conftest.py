from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.laptop.stepfunctions.world import World, serving


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with serving(Path(tmp_path_factory.mktemp("cloud"))) as world:
        yield world
