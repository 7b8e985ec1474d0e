"""One synthesis for all template tests."""

from pathlib import Path

import pytest

from infra.application import application
from infra.settings import Settings
from tests.infra.template import Template, load

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep these tests in one worker: the first synthesis takes seconds, the next nothing."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("infra"))


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cloud assembly of the default settings; cdk-nag and the CDK's rules have passed it."""
    directory = tmp_path_factory.mktemp("assembly")
    application(Settings(), directory=str(directory)).synth()
    return directory


@pytest.fixture(scope="session")
def template(assembly: Path) -> Template:
    return load(assembly / "modelwharf-oil-price.template.json")
