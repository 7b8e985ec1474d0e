"""The wheel: one top-level name, the same bytes whenever and wherever it is made."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.wheel import ROOT, built

APP = "modelwharf/app/files/"
FOLDERS = ("inference", "infra", "lambdas", "training")
BYTECODE = (
    "modelwharf/cli/__pycache__/main.cpython-311.pyc",
    "modelwharf/templates/scikit-learn/__pycache__/train.cpython-311.pyc",
    "training/__pycache__/train.cpython-311.pyc",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("wheel") / "one", left=BYTECODE)


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_one_more_build_gives_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    again = built(tmp_path / "two")
    assert (again.name, again.read_bytes()) == (wheel.name, wheel.read_bytes())


def test_the_wheel_holds_the_package_whole_and_no_bytecode(wheel: Path) -> None:
    ours = (path for path in (ROOT / "modelwharf").rglob("*") if path.is_file())
    wanted = {str(path.relative_to(ROOT)) for path in ours if "__pycache__" not in path.parts}
    held = {name for name in names(wheel) if name.startswith("modelwharf/")}
    assert {name for name in held if not name.startswith(APP)} == wanted
    assert "modelwharf/py.typed" in wanted


def test_the_wheel_holds_the_app_and_what_it_reads_as_they_are_here(wheel: Path) -> None:
    carried = {name.removeprefix(APP) for name in names(wheel) if name.startswith(APP)}
    for folder in FOLDERS:
        here = {str(path.relative_to(ROOT)) for path in (ROOT / folder).rglob("*.py")}
        assert {name for name in carried if name.startswith(f"{folder}/")} == here
    assert {name for name in carried if name.split("/")[0] not in FOLDERS} == {
        "app.py",
        "cdk.json",
        "containers/buildspec.yml",
        "containers/inference/Dockerfile",
        "containers/inference/Dockerfile.dockerignore",
        "containers/inference/requirements.txt",
        "containers/training/Dockerfile",
        "containers/training/Dockerfile.dockerignore",
        "containers/training/requirements.txt",
        "statemachine/release.asl.json",
    }
    with zipfile.ZipFile(wheel) as archive:
        differ = [
            name for name in carried if archive.read(APP + name) != (ROOT / name).read_bytes()
        ]
    assert differ == []


def test_an_environment_gets_one_top_level_name_and_the_command(
    wheel: Path, tmp_path: Path
) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    uv = [sys.executable, "-m", "uv", "--offline", "--quiet"]
    subprocess.run([*uv, "venv", "--python", sys.executable, tmp_path / "venv"], check=True)
    subprocess.run([*uv, "pip", "install", "--no-deps", "--python", python, wheel], check=True)
    (packages,) = (tmp_path / "venv" / "lib").glob("python3*/site-packages")
    installed = {
        path.name for path in packages.iterdir() if not path.name.startswith("_virtualenv")
    }
    assert {name for name in installed if not name.endswith(".dist-info")} == {"modelwharf"}
    assert (tmp_path / "venv" / "bin" / "wharf").is_file()
