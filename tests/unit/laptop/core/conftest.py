"""One cloud for each test module: starting it takes longer than most tests."""

from collections.abc import Iterator

import pytest

from tests.unit.laptop.core.world import World, serving


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with serving(tmp_path_factory.mktemp("cloud")) as made:
        yield made
