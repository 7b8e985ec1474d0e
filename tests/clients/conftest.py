"""A cloud with the oil-price stack, and every client's environment as `wharf env` prints it."""

import os
from collections.abc import Iterator

import pytest

from tests.clients.trap import Trap, set_up
from tests.release import laptop as laptops
from tests.release.laptop import Laptop


@pytest.fixture(scope="session")
def trap() -> Iterator[Trap]:
    with set_up() as trap:
        yield trap


@pytest.fixture(scope="session")
def laptop(tmp_path_factory: pytest.TempPathFactory, trap: Trap) -> Iterator[Laptop]:
    assembly = laptops.assembly_of_the_run(tmp_path_factory)
    running = laptops.start(tmp_path_factory.mktemp("cloud"), assembly)
    yield running
    laptops.stop(running)


@pytest.fixture
def nothing_leaves(trap: Trap) -> Iterator[None]:
    """Fails a test in which anything was asked that is not on this machine."""
    trap.emptied()
    yield
    assert trap.emptied() == []


@pytest.fixture(scope="session")
def variables(laptop: Laptop) -> dict[str, str]:
    """Of a user who has nothing else configured."""
    found = {n: v for n, v in laptop.environment().items() if n not in os.environ or n == "PATH"}
    return {**found, "HOME": str(laptop.log.parent / "home"), "LANG": "C.UTF-8"}
