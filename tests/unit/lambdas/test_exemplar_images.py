"""What the exemplar's images are built from: whatever else changes, nothing is built or trained."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from lambdas.image_tags import tag_of
from lambdas.repository import Repository
from modelwharf.contracts.parameters import Source
from tests.unit.lambdas.fakes import FakeCodeCommit

if TYPE_CHECKING:
    from mypy_boto3_codecommit import CodeCommitClient

ROOT = Path(__file__).parents[3]
FOLDERS = ("containers", "inference", "modelwharf", "training")
BOTH = {"training", "inference"}


def blobs() -> dict[str, str]:
    """Path → content id, of what there is of the repository in these folders."""
    found = {}
    for path in (path for folder in FOLDERS for path in (ROOT / folder).rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            found[str(path.relative_to(ROOT))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def tags(codecommit: FakeCodeCommit, commit: str) -> dict[str, str]:
    client = cast("CodeCommitClient", codecommit)
    repository, source = Repository(client, "oil-price"), Source()
    return {
        "training": tag_of(repository, commit, source, source.training_image),
        "inference": tag_of(repository, commit, source, source.inference_image),
    }


@pytest.mark.parametrize(
    ("path", "built"),
    [
        ("modelwharf/contracts/release.py", set()),
        ("modelwharf/contracts/parameters.py", set()),
        ("modelwharf/contracts/sections/training.py", set()),
        ("modelwharf/cli/main.py", set()),
        ("modelwharf/export/__init__.py", set()),
        ("modelwharf/__init__.py", BOTH),
        ("modelwharf/artifact/contract.py", BOTH),
        ("modelwharf/serving/__main__.py", {"inference"}),
        ("inference/forecaster.py", {"inference"}),
        ("training/train.py", {"training"}),
    ],
)
def test_a_change_builds_the_images_that_hold_the_file(path: str, built: set[str]) -> None:
    codecommit = FakeCodeCommit()
    codecommit.commits["before"] = blobs()
    codecommit.commits["after"] = codecommit.commits["before"] | {path: "a docstring more"}
    assert path in codecommit.commits["before"]
    before, after = tags(codecommit, "before"), tags(codecommit, "after")
    assert {image for image in before if before[image] != after[image]} == built
