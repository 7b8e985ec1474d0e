"""The wheel that images install: the part of the package that they need, and no more."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from modelwharf.cli.runtime_wheel import PACKAGE, write_runtime_wheel


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy to change."""
    skipped = shutil.ignore_patterns("__pycache__", "templates", "laptop")
    return shutil.copytree(PACKAGE, tmp_path / "modelwharf", ignore=skipped)


def written(tmp_path: Path, name: str, package: Path) -> Path:
    (tmp_path / name).mkdir()
    return write_runtime_wheel(tmp_path / name, package)


def test_the_same_files_give_the_same_bytes_whatever_else_the_package_has(
    package: Path, tmp_path: Path
) -> None:
    before = written(tmp_path, "before", PACKAGE)
    (package / "contracts" / "release.py").write_text("changed")
    (package / "cli" / "new.py").write_text("new")
    shutil.rmtree(package / "doctor")

    after = written(tmp_path, "after", package)

    assert (after.name, after.read_bytes()) == (before.name, before.read_bytes())


@pytest.mark.parametrize("name", ["__init__.py", "artifact/table.py", "serving/app.py"])
def test_a_change_of_what_images_hold_is_another_version(
    package: Path, tmp_path: Path, name: str
) -> None:
    before = written(tmp_path, "before", package)
    (package / name).write_text("changed = True\n")

    assert written(tmp_path, "after", package).name != before.name


def test_it_installs_and_imports_apart_from_the_whole_package(tmp_path: Path) -> None:
    wheel = written(tmp_path, "dist", PACKAGE)
    uv = [sys.executable, "-m", "uv", "--offline", "--quiet", "pip", "install", "--no-deps"]
    subprocess.run([*uv, "--target", tmp_path / "site", wheel], check=True)
    program = (
        "import modelwharf.artifact.evaluation, modelwharf.export, modelwharf.serving; "
        "print(modelwharf.__file__, modelwharf.__version__)"
    )

    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=True,
    )

    place, version = ran.stdout.split()
    assert Path(place).is_relative_to(tmp_path / "site")
    assert wheel.name == f"modelwharf-{version}-py3-none-any.whl"


def test_it_holds_no_room_that_only_releases_need(tmp_path: Path) -> None:
    with zipfile.ZipFile(written(tmp_path, "dist", PACKAGE)) as wheel:
        rooms = {name.split("/")[1] for name in wheel.namelist() if name.startswith("modelwharf/")}
    assert rooms == {"__init__.py", "py.typed", "artifact", "export", "serving"}
