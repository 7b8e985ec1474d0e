"""The hashed lock files of the two images, and the one for models that ONNX cannot hold."""

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
IMAGES = ("training", "inference")
LOCKS = ("training/requirements", "inference/requirements", "inference/requirements-skops")
OURS = {"modelwharf", "training", "inference"}
ROOMS = {
    "training": ("training", "modelwharf/artifact"),
    "inference": ("inference", "modelwharf/artifact", "modelwharf/serving"),
}
BY_CHOICE = {"training": set[str](), "inference": {"scikit-learn", "skops"}}


def text_of(lock: str) -> str:
    return (ROOT / "containers" / f"{lock}.txt").read_text()


def locked(lock: str) -> dict[str, str]:
    """Package → version, of every requirement in the lock."""
    text = text_of(lock)
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+) \\$", text, re.MULTILINE))


def wanted(lock: str) -> dict[str, str]:
    lines = (ROOT / "containers" / f"{lock}.in").read_text().splitlines()
    pairs = (line.split("==", 1) for line in lines if line and line[0] not in "#-")
    return dict(pairs)


def imported(room: str) -> set[str]:
    """Top-level modules that the room's files import, without ours and Python's own."""
    found: set[str] = set()
    for path in (ROOT / room).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    return found - OURS - set(sys.stdlib_module_names)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_pinned_and_hashed(lock: str) -> None:
    lines = [
        line for line in text_of(lock).splitlines() if line and not line.lstrip().startswith("#")
    ]
    requirements = [line for line in lines if not line.startswith(" ")]
    hashes = [line for line in lines if line.startswith(" ")]
    assert len(requirements) == len(locked(lock))
    assert len(hashes) >= len(requirements)
    assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line) for line in hashes)


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_names_no_host(lock: str) -> None:
    assert not re.search(r"://|index-url|trusted-host|find-links|@ ", text_of(lock))


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_holds_what_is_wanted(lock: str) -> None:
    assert wanted(lock).items() <= locked(lock).items()


@pytest.mark.parametrize("image", IMAGES)
def test_the_lock_holds_whatever_the_programs_import(image: str) -> None:
    lock = locked(f"{image}/requirements")
    missing = packages(image) - lock.keys()
    assert missing <= BY_CHOICE[image]


def test_what_only_some_models_need_is_in_the_lock_for_them() -> None:
    more = locked("inference/requirements-skops")
    assert BY_CHOICE["inference"] <= more.keys()
    assert locked("inference/requirements").items() <= more.items()


def packages(image: str) -> set[str]:
    distributions = packages_distributions()
    modules = set().union(*(imported(room) for room in ROOMS[image]))
    return {distributions.get(module, [module])[0].lower().replace("_", "-") for module in modules}


def test_both_images_have_the_same_version_of_what_they_share() -> None:
    first, second = locked("training/requirements"), locked("inference/requirements-skops")
    shared = first.keys() & second.keys()
    assert {"numpy", "onnxruntime", "pydantic", "scikit-learn"} <= shared
    assert {name: first[name] for name in shared} == {name: second[name] for name in shared}
