"""The hashed lock files of the two images."""

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
IMAGES = ("training", "inference")
OURS = {"contracts", "training", "inference"}


def locked(image: str) -> dict[str, str]:
    """Package → version, of every requirement in the lock."""
    text = (ROOT / "containers" / image / "requirements.txt").read_text()
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+) \\$", text, re.MULTILINE))


def wanted(image: str) -> dict[str, str]:
    lines = (ROOT / "containers" / image / "requirements.in").read_text().splitlines()
    pairs = (line.split("==", 1) for line in lines if line and not line.startswith("#"))
    return dict(pairs)


def imported(room: str) -> set[str]:
    """Top-level modules that the room's files import, without ours and Python's own."""
    found: set[str] = set()
    for path in (ROOT / room).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    return found - OURS - set(sys.stdlib_module_names)


@pytest.mark.parametrize("image", IMAGES)
def test_every_requirement_is_pinned_and_hashed(image: str) -> None:
    text = (ROOT / "containers" / image / "requirements.txt").read_text()
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    requirements = [line for line in lines if not line.startswith(" ")]
    hashes = [line for line in lines if line.startswith(" ")]
    assert len(requirements) == len(locked(image))
    assert len(hashes) >= len(requirements)
    assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line) for line in hashes)


@pytest.mark.parametrize("image", IMAGES)
def test_the_lock_names_no_host(image: str) -> None:
    text = (ROOT / "containers" / image / "requirements.txt").read_text()
    assert not re.search(r"://|index-url|trusted-host|find-links|@ ", text)


@pytest.mark.parametrize("image", IMAGES)
def test_the_lock_holds_what_is_wanted(image: str) -> None:
    assert wanted(image).items() <= locked(image).items()


@pytest.mark.parametrize("image", IMAGES)
def test_the_lock_holds_whatever_the_programs_import(image: str) -> None:
    distributions = packages_distributions()
    modules = imported(image) | imported("contracts")
    names = {distributions.get(module, [module])[0].lower().replace("_", "-") for module in modules}
    assert names <= locked(image).keys()


def test_both_images_have_the_same_version_of_what_they_share() -> None:
    first, second = locked("training"), locked("inference")
    shared = first.keys() & second.keys()
    assert {"numpy", "onnxruntime", "pydantic"} <= shared
    assert {name: first[name] for name in shared} == {name: second[name] for name in shared}
