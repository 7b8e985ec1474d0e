"""What a template is made of: nothing that goes into it may change without its key."""

import ast
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelwharf.cli.assembly_key import FILES, FOLDERS, is_covered, key_of, reads

ROOT = Path(__file__).parents[3]
OURS = ROOT / "modelwharf"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """One file in each place that a template is made of, and one beside them."""
    root = tmp_path / "checkout"
    names = (*FILES, *(f"{folder}/module.py" for folder in FOLDERS), "training/train.py")
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    return root


def key(checkout: Path, **environment: str) -> str:
    return key_of(checkout, environment, path=[])


@pytest.mark.parametrize("name", [*FILES, *(f"{folder}/module.py" for folder in FOLDERS)])
def test_every_file_of_the_template_changes_the_key(checkout: Path, name: str) -> None:
    before = key(checkout)

    (checkout / name).write_text("changed")

    assert key(checkout) != before


def test_a_new_file_and_another_name_and_another_mode_change_the_key(checkout: Path) -> None:
    keys = [key(checkout)]
    (checkout / "lambdas" / "new.py").write_text("")
    keys.append(key(checkout))
    (checkout / "lambdas" / "new.py").rename(checkout / "lambdas" / "other.py")
    keys.append(key(checkout))
    (checkout / "lambdas" / "other.py").chmod(0o755)
    keys.append(key(checkout))

    assert len(set(keys)) == 4


def test_what_is_not_part_of_the_template_leaves_the_key(checkout: Path) -> None:
    before = key(checkout)

    (checkout / "training" / "train.py").write_text("changed")
    (checkout / "infra" / "__pycache__").mkdir()
    (checkout / "infra" / "__pycache__" / "module.pyc").write_text("compiled")

    assert key(checkout, CDK_OUTDIR="/elsewhere", HOME="/home/other") == before


@pytest.mark.parametrize("name", ["WHARF_PROJECT", "CDK_DEFAULT_REGION", "JSII_NODE", "PYTHONPATH"])
def test_a_variable_that_a_synthesis_reads_changes_the_key(checkout: Path, name: str) -> None:
    assert key(checkout, **{name: "one"}) != key(checkout, **{name: "two"})


def test_another_version_of_a_package_changes_the_key(checkout: Path, tmp_path: Path) -> None:
    packages = tmp_path / "site-packages"
    (packages / "aws_cdk_lib-2.275.0.dist-info").mkdir(parents=True)
    before = key_of(checkout, {}, path=[str(packages)])

    (packages / "aws_cdk_lib-2.275.0.dist-info").rename(packages / "aws_cdk_lib-2.276.0.dist-info")

    assert key_of(checkout, {}, path=[str(packages)]) != before


def test_every_module_of_the_checkout_that_app_py_imports_is_part_of_the_key() -> None:
    found = list(imported(ROOT / "app.py", set()))

    assert ROOT / "infra" / "stack.py" in found, "the walk finds what app.py imports"
    assert [file for file in found if not is_covered(file, ROOT)] == []


def imported(file: Path, seen: set[Path]) -> Iterator[Path]:
    """The file, and every file of the checkout that it imports, directly or not."""
    if file in seen:
        return
    seen.add(file)
    yield file
    for node in ast.walk(ast.parse(file.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            place = ROOT.joinpath(*name.split("."))
            for target in (place.with_suffix(".py"), place / "__init__.py"):
                if target.is_file():
                    yield from imported(target, seen)


class Recorded(dict[str, str]):
    """An environment that notes which variables were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def get(self, name: str, default: object = None) -> object:  # type: ignore[override]
        self.asked.add(name)
        return super().get(name, default)


def test_every_variable_that_the_settings_read_is_part_of_the_key() -> None:
    from infra.settings import Settings  # imports the CDK, which takes seconds

    environment = Recorded()
    Settings.from_environment(environment)

    assert "WHARF_REMOVAL_POLICY" in environment.asked, "the variables are noted"
    assert [name for name in environment.asked if not reads(name)] == []


def test_an_app_apart_from_the_package_has_the_key_of_the_installed_package(
    checkout: Path,
) -> None:
    shutil.rmtree(checkout / "modelwharf")
    apart = key(checkout)

    for name in ("__init__.py", "artifact", "contracts"):
        copy = shutil.copytree if (OURS / name).is_dir() else shutil.copy
        (checkout / "modelwharf").mkdir(exist_ok=True)
        copy(OURS / name, checkout / "modelwharf" / name)

    assert key(checkout) == apart


def test_this_checkout_has_a_key() -> None:
    assert len(key_of(ROOT, os.environ)) == 64
