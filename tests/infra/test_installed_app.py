"""The template of the installed package is the checkout's, whatever folder it is made in."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.wheel import built

TEMPLATE = "modelwharf-oil-price.template.json"


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that an installation would have the package in."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(built(folder / "sources")) as wheel:
        wheel.extractall(folder / "packages")
    return folder / "packages"


def synthesised(packages: Path, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """What a cdk.json with this app runs, in an empty folder."""
    folder.mkdir()
    given = {name: text for name, text in os.environ.items() if not name.startswith("WHARF_")}
    return subprocess.run(
        [sys.executable, "-m", "modelwharf.app"],
        cwd=folder,
        env={**given, **variables, "PYTHONPATH": str(packages)},
        capture_output=True,
        text=True,
        check=False,
    )


def parsed(path: Path) -> Any:
    return json.loads(path.read_text())


def test_the_installed_app_makes_the_template_of_the_checkout_with_the_same_asset(
    packages: Path, assembly: Path, tmp_path: Path
) -> None:
    ran = synthesised(packages, tmp_path / "project")

    assert ran.returncode == 0, ran.stderr
    made = tmp_path / "project" / "cdk.out"
    assert parsed(made / TEMPLATE) == parsed(assembly / TEMPLATE)
    assert {path.name for path in made.glob("asset.*")} == {
        path.name for path in assembly.glob("asset.*")
    }


def test_the_installed_app_refuses_a_setting_in_one_line(packages: Path, tmp_path: Path) -> None:
    ran = synthesised(packages, tmp_path / "project", WHARF_REMOVAL_POLICY="burn")

    assert ran.returncode == 1
    assert ran.stderr == "WHARF_REMOVAL_POLICY is 'burn'; use retain or destroy\n"
