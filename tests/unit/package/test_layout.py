"""The package's rooms, and the folders beside it: none escapes the rules of imports."""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
BESIDE = {"examples", "tests"}
"""Folders with programs that no rule of imports is about."""


@pytest.fixture(scope="module")
def tools() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    return found


def test_every_folder_of_programs_is_typed_and_has_import_rules(tools: dict[str, Any]) -> None:
    folders = {path.parent.name for path in ROOT.glob("[a-z]*/__init__.py")} - BESIDE
    assert set(tools["mypy"]["packages"]) == folders | {"tests"}
    assert set(tools["importlinter"]["root_packages"]) == folders


def test_the_import_rules_name_every_folder_of_programs(tools: dict[str, Any]) -> None:
    layers = [one for one in tools["importlinter"]["contracts"] if one["type"] == "layers"]
    (package,) = (one for one in layers if one.get("containers"))
    (checkout,) = (one for one in layers if not one.get("containers"))
    assert package["exhaustive"]
    named = {name.strip() for line in checkout["layers"] for name in line.split("|")}
    assert named == set(tools["importlinter"]["root_packages"])


def loaded(statement: str) -> set[str]:
    """The modules that are in memory after the statement, in a Python of its own."""
    program = f"{statement}; import sys; print(*sys.modules)"
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


def test_the_package_imports_nothing_of_its_own_accord() -> None:
    assert loaded("import modelwharf") - loaded("pass") == {"modelwharf"}


def test_the_version_is_the_installed_one() -> None:
    from importlib.metadata import version

    import modelwharf

    assert modelwharf.__version__ == version("modelwharf")


def test_another_attribute_is_missing_as_in_any_module() -> None:
    import modelwharf

    with pytest.raises(AttributeError, match="module 'modelwharf' has no attribute 'cloud'"):
        modelwharf.cloud  # noqa: B018


def test_the_server_and_the_contracts_reach_for_nothing_of_the_laptop_s() -> None:
    found = loaded("import modelwharf.contracts.release, modelwharf.artifact.evaluation")
    assert not found & {"boto3", "moto", "numpy", "click", "modelwharf.laptop", "modelwharf.cli"}
