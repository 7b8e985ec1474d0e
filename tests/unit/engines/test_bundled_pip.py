"""pip in an environment, put there without being run."""

import subprocess
import sys
from pathlib import Path

import pytest

from modelwharf.engines.process.bundled_pip import bundled_wheels, unpack_pip


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    wheels = bundled_wheels()
    if not wheels:
        pytest.skip("this Python's pip is not in a wheel of its own")
    made = tmp_path_factory.mktemp("environment") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(made)], check=True)
    unpack_pip(wheels, made)
    return made


@pytest.mark.parametrize("words", [["bin/python", "-m", "pip"], ["bin/pip"], ["bin/pip3"]])
def test_pip_is_the_environments_own(venv: Path, words: list[str]) -> None:
    said = subprocess.run(
        [str(venv / words[0]), *words[1:], "--version"], capture_output=True, text=True, check=True
    ).stdout
    assert f"from {venv}/lib/" in said


def test_pip_removes_itself_as_after_an_installation(venv: Path) -> None:
    """So that it can be upgraded: it knows what is its own."""
    removed = subprocess.run(
        [str(venv / "bin/python"), "-m", "pip", "uninstall", "--yes", "pip"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Successfully uninstalled pip" in removed.stdout
    assert not list(venv.glob("lib/*/site-packages/pip/__init__.py"))
