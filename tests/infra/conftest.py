"""One synthesis for all template tests, and for the tests of releases."""

from pathlib import Path

import pytest

from tests.infra.template import Template, load
from tests.release import laptop as laptops


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cloud assembly of the default settings; cdk-nag and the CDK's rules have passed it."""
    return laptops.assembly_of_the_run(tmp_path_factory)


@pytest.fixture(scope="session")
def template(assembly: Path) -> Template:
    return load(assembly / "modelwharf-oil-price.template.json")
