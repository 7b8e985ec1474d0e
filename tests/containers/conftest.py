"""Tests against a real container engine: `make test-containers`, never `make test`."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.containers.engines import BASES, ContainerEngine, addresses, answering, pip_secrets
from tests.release import laptop as laptops
from tests.release.laptop import Laptop

REQUIRED = "WHARF_REQUIRE_ENGINE"


def missing(reason: str) -> None:
    """Skip, or fail where an engine was promised: in CI a skipped test proves nothing."""
    if os.environ.get(REQUIRED) == "1":
        pytest.fail(f"{reason} ({REQUIRED}=1 asks for one)", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(autouse=True)
def nothing_left_open() -> Iterator[None]:
    """What a test leaves open is found in that test, not in one that the collector chooses."""
    yield
    gc.collect()


@pytest.fixture(scope="session")
def any_engine() -> Iterator[ContainerEngine]:
    """The engine that answers, whatever images it has."""
    engine = answering(os.environ)
    if engine is None:
        tried = ", ".join(addresses(os.environ)) or "DOCKER_HOST is not set, no default socket"
        missing(f"no Docker or podman answers: {tried}")
    assert engine is not None
    yield engine
    engine.clean()
    engine.client.close()


@pytest.fixture(scope="session")
def engine(any_engine: ContainerEngine) -> ContainerEngine:
    """The engine that answers, with the base images at hand: pulled, or made by .ci/engine."""
    for base in BASES:
        if not any_engine.has(base):
            try:
                any_engine.client.images.pull(base)
            except Exception as error:
                missing(f"{any_engine.version} has no {base} and cannot pull it: {error}")
    return any_engine


@pytest.fixture(scope="session")
def pip(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Build secrets with which `pip` inside a build reaches this machine's package index."""
    return pip_secrets(tmp_path_factory.mktemp("pip"))


@pytest.fixture(scope="session")
def tag(testrun_uid: str, worker_id: str) -> str:
    """What to put behind an image's name, so that two runs on one engine never meet."""
    return f"{testrun_uid[:8]}-{worker_id}"


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return laptops.assembly_of_the_run(tmp_path_factory)


@pytest.fixture(scope="module")
def laptop(
    engine: ContainerEngine, assembly: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Laptop]:
    """A laptop's cloud whose images are built and run by the engine under test."""
    running = laptops.start(
        tmp_path_factory.mktemp("cloud"),
        assembly,
        {"DOCKER_HOST": engine.address},
        engine="docker",
    )
    yield running
    laptops.stop(running)
