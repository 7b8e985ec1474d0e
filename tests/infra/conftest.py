"""One synthesis for all template tests."""

from pathlib import Path

import pytest

from infra.application import application
from infra.settings import Settings
from tests.infra.template import Template, load


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cloud assembly of the default settings; cdk-nag and the CDK's rules have passed it."""
    directory = tmp_path_factory.mktemp("assembly")
    application(Settings(), directory=str(directory)).synth()
    return directory


@pytest.fixture(scope="session")
def template(assembly: Path) -> Template:
    return load(assembly / "modelwharf-oil-price.template.json")
