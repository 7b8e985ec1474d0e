"""``wharf vendor``: an upgrade changes images only when what they install changed."""

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Terminal


@pytest.fixture
def project(terminal: Terminal, tmp_path: Path) -> Path:
    terminal.wharf("init", str(tmp_path / "my-model"), "--template", "scikit-learn")
    return tmp_path / "my-model"


def wheels(project: Path) -> list[str]:
    return [path.name for path in (project / "vendor").iterdir()]


def test_the_same_package_leaves_the_wheel(terminal: Terminal, project: Path) -> None:
    before = wheels(project)

    assert terminal.json("vendor", str(project))["changed"] is False
    assert wheels(project) == before


def test_an_older_wheel_is_replaced_by_the_installed_package_s(
    terminal: Terminal, project: Path
) -> None:
    (new,) = wheels(project)
    (project / "vendor" / new).rename(project / "vendor" / "modelwharf-0+old-py3-none-any.whl")

    result = terminal.wharf("vendor", str(project))

    assert "in the place of modelwharf-0+old-py3-none-any.whl" in result.output
    assert wheels(project) == [new]


def test_a_wheel_that_was_damaged_is_written_again(terminal: Terminal, project: Path) -> None:
    (name,) = wheels(project)
    content = (project / "vendor" / name).read_bytes()
    (project / "vendor" / name).write_bytes(content[:100])

    assert terminal.json("vendor", str(project))["changed"] is True
    assert (project / "vendor" / name).read_bytes() == content


def test_a_directory_without_one_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    result = terminal.wharf("vendor", str(tmp_path))

    assert result.exit_code == 1
    assert "install nothing of this package" in result.output
