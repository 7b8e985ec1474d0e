"""A template is synthesised once for what it is made of, and never out of date."""

from collections.abc import Callable
from pathlib import Path

import pytest

from modelwharf.cli.assembly import current_assembly, project_root, synthesise
from modelwharf.cli.assembly_cache import ASSEMBLY, KEPT, AssemblyCache
from modelwharf.cli.errors import CommandError

# Writes an assembly whose content is cdk.json's, and a line for each time it ran.
APP = """
import os, pathlib
root = pathlib.Path(__file__).parent
out = pathlib.Path(os.environ["CDK_OUTDIR"])
out.mkdir(parents=True, exist_ok=True)
(out / "manifest.json").write_text((root / "cdk.json").read_text())
with (root / "runs").open("a") as runs:
    runs.write("run\\n")
"""
CHANGES_MEANWHILE = APP + '\n(root / "cdk.json").write_text("changed meanwhile")\n'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    (root / "statemachine").mkdir(parents=True)
    (root / "statemachine" / "release.asl.json").write_text("{}")
    (root / "modelwharf").mkdir()
    (root / "modelwharf" / "__init__.py").touch()
    (root / "cdk.json").write_text("one")
    (root / "app.py").write_text(APP)
    return root


@pytest.fixture
def cache(tmp_path: Path) -> AssemblyCache:
    return AssemblyCache(tmp_path / "cache")


Reused = Callable[[], bool]


@pytest.fixture
def up(checkout: Path, cache: AssemblyCache, tmp_path: Path) -> Reused:
    return lambda: current_assembly(checkout, tmp_path / "cdk.out", "oil-price", cache)


def runs(checkout: Path) -> int:
    return len((checkout / "runs").read_text().splitlines())


def made(tmp_path: Path) -> str:
    return (tmp_path / "cdk.out" / "manifest.json").read_text()


def test_what_has_not_changed_is_synthesised_once(up: Reused, checkout: Path) -> None:
    assert [up(), up(), up()] == [False, True, True]
    assert runs(checkout) == 1


def test_a_change_is_synthesised_and_the_way_back_is_not(
    up: Reused, checkout: Path, tmp_path: Path
) -> None:
    up()
    (checkout / "cdk.json").write_text("two")
    assert (up(), made(tmp_path)) == (False, "two")

    (checkout / "cdk.json").write_text("one")
    assert (up(), made(tmp_path)) == (True, "one")


def test_another_project_is_another_template(
    up: Reused, checkout: Path, cache: AssemblyCache, tmp_path: Path
) -> None:
    up()

    assert not current_assembly(checkout, tmp_path / "cdk.out", "gas-price", cache)


def test_another_folder_gets_the_same_template(
    up: Reused, checkout: Path, cache: AssemblyCache, tmp_path: Path
) -> None:
    up()

    assert current_assembly(checkout, tmp_path / "second" / "cdk.out", "oil-price", cache)
    assert (tmp_path / "second" / "cdk.out" / "manifest.json").read_text() == "one"


def test_what_somebody_changed_in_the_output_does_not_stay(up: Reused, tmp_path: Path) -> None:
    up()
    (tmp_path / "cdk.out" / "manifest.json").write_text("by hand")
    (tmp_path / "cdk.out" / "left.json").write_text("of another time")

    assert up()
    assert made(tmp_path) == "one"
    assert not (tmp_path / "cdk.out" / "left.json").exists()


@pytest.mark.parametrize("damage", ["changed", "removed", "added"])
def test_an_entry_that_is_not_what_was_kept_is_made_anew(
    up: Reused, cache: AssemblyCache, tmp_path: Path, damage: str
) -> None:
    up()
    (entry,) = cache.folder.iterdir()
    file = entry / ASSEMBLY / "manifest.json"
    if damage == "changed":
        file.write_text("by hand")
    elif damage == "removed":
        file.unlink()
    else:
        file.with_name("more.json").write_text("more")

    assert (up(), made(tmp_path)) == (False, "one")
    assert up(), "the new entry takes the damaged one's place"


def test_a_file_that_changes_during_the_synthesis_keeps_nothing(
    up: Reused, checkout: Path, tmp_path: Path
) -> None:
    (checkout / "app.py").write_text(CHANGES_MEANWHILE)
    up()
    (checkout / "app.py").write_text(APP)
    (checkout / "cdk.json").write_text("one")

    assert (up(), made(tmp_path)) == (False, "one")


def test_a_synthesis_that_fails_keeps_nothing_and_shows_the_last_output(
    up: Reused, checkout: Path, cache: AssemblyCache
) -> None:
    (checkout / "app.py").write_text("raise SystemExit('no node is on PATH')")

    with pytest.raises(CommandError, match="no node is on PATH"):
        up()
    assert not cache.folder.exists()


def test_a_synthesis_that_takes_too_long_is_reported_with_what_to_type(
    checkout: Path, tmp_path: Path
) -> None:
    (checkout / "app.py").write_text("import threading; threading.Event().wait()")

    with pytest.raises(CommandError, match=r"no template within 0.1 s.*--assembly cdk.out"):
        synthesise(checkout, tmp_path / "cdk.out", "oil-price", timeout=0.1)


def test_a_failed_synthesis_is_reported_though_an_older_template_is_there(
    up: Reused, checkout: Path
) -> None:
    up()
    (checkout / "app.py").write_text("")

    with pytest.raises(CommandError, match="made no template"):
        up()


def test_a_cache_that_cannot_be_written_costs_time_and_nothing_else(
    checkout: Path, tmp_path: Path
) -> None:
    (tmp_path / "cache").write_text("a file")
    cache = AssemblyCache(tmp_path / "cache")

    assert not current_assembly(checkout, tmp_path / "cdk.out", "oil-price", cache)
    assert not current_assembly(checkout, tmp_path / "cdk.out", "oil-price", cache)
    assert made(tmp_path) == "one"


def test_the_cache_keeps_the_newest_few(up: Reused, checkout: Path, cache: AssemblyCache) -> None:
    for number in range(KEPT + 2):
        (checkout / "cdk.json").write_text(str(number))
        up()

    assert len(list(cache.folder.iterdir())) == KEPT
    assert up(), "the newest is among them"


def test_a_directory_without_app_py_gets_the_app_of_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert (project_root() / "infra" / "stack.py").is_file()


def test_a_directory_with_app_py_has_its_own(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(checkout)

    assert project_root() == checkout
