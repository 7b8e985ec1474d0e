"""What `wharf up` says in the end: what to type next."""

import subprocess
from pathlib import Path

import pytest

from modelwharf.cli.commands.up import in_words
from modelwharf.contracts.laptop import LaptopCloud


def git(*words: str) -> None:
    identity = ("-c", "user.name=T", "-c", "user.email=t@example.com")
    subprocess.run(["git", *identity, *words], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The empty repository of a new cloud."""
    made = tmp_path / "oil-price.git"
    git("init", "--quiet", "--bare", str(made))
    return made


def pushed(repository: Path) -> None:
    work = repository.parent / "work"
    git("init", "--quiet", "--initial-branch", "main", str(work))
    git("-C", str(work), "commit", "--quiet", "--allow-empty", "--message", "first")
    git("-C", str(work), "push", "--quiet", str(repository), "main")


def hints(repository: Path, project: str = "oil-price") -> list[str]:
    cloud = LaptopCloud(
        pid=1,
        url="http://127.0.0.1:5000",
        region="eu-west-1",
        account="123456789012",
        engine="process",
        project=project,
        repository=str(repository),
    )
    lines = in_words(cloud, repository.parent).splitlines()
    return [line.strip() for line in lines[lines.index("Next:") + 1 :]]


def hint(repository: Path) -> list[str]:
    return [line for line in hints(repository) if line.endswith(" --wait")]


def test_a_project_of_the_user_s_is_not_told_to_upload_oil_prices(repository: Path) -> None:
    assert "wharf data put wti" in " ".join(hints(repository))
    assert "wti" not in " ".join(hints(repository, "iris"))
    assert "wharf config put data FILE.json" in " ".join(hints(repository, "iris"))


def test_what_ends_the_cloud_stands_apart_from_what_comes_next(repository: Path) -> None:
    """A reader pastes the whole list."""
    found = hints(repository)
    assert found[-2:] == ["", f"When you are done: wharf down --directory {repository.parent}"]
    assert not any("wharf down" in line for line in found[:-1])


def test_a_new_cloud_waits_for_a_push(repository: Path) -> None:
    assert hint(repository) == ["wharf push --wait"]


@pytest.mark.parametrize("packed", [False, True])
def test_a_cloud_that_has_the_commits_already_is_asked_for_a_release(
    repository: Path, packed: bool
) -> None:
    """To push the same again would start nothing."""
    pushed(repository)
    if packed:
        git("-C", str(repository), "pack-refs", "--all", "--prune")

    assert hint(repository) == ["wharf start --wait"]
