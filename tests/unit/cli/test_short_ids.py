"""Ids cut short, as people type them."""

import json
from pathlib import Path

import pytest

from tests.unit.cli import releases
from tests.unit.cli.conftest import Terminal
from tests.unit.cli.test_starting import git
from tests.unit.contracts.histories import COMMIT, RELEASE


@pytest.mark.parametrize("text", [RELEASE[:6], RELEASE.removeprefix("r-")[:4], RELEASE])
def test_a_release_is_found_by_how_its_id_begins(terminal: Terminal, text: str) -> None:
    releases.succeeded(terminal.cloud)
    releases.succeeded(terminal.cloud, "r-1111111111111111")

    assert terminal.json("show", text)["id"] == RELEASE


def test_a_waiting_release_is_decided_by_how_its_id_begins(terminal: Terminal) -> None:
    releases.awaiting_approval(terminal.cloud)

    assert terminal.json("approve", RELEASE[:6])["release"] == RELEASE


def test_a_beginning_of_several_releases_names_them_and_decides_nothing(
    terminal: Terminal,
) -> None:
    releases.awaiting_approval(terminal.cloud)
    releases.succeeded(terminal.cloud, "r-0123ffffffffffff")

    for words in (["show"], ["logs"], ["approve"], ["reject", "--note", "no"]):
        result = terminal.wharf(*words, "r-0123")
        assert result.exit_code == 1
        assert "2 releases begin with r-0123: " in result.stderr
        assert RELEASE in result.stderr and "r-0123ffffffffffff" in result.stderr
    assert terminal.cloud.sagemaker.decisions == []


def test_a_commit_of_an_earlier_release_is_found_by_how_its_id_begins(terminal: Terminal) -> None:
    releases.succeeded(terminal.cloud)

    terminal.wharf("start", "--commit", COMMIT[:7].upper())

    ((_, message),) = terminal.cloud.topic.messages
    assert json.loads(message)["commit"] == COMMIT


def test_a_commit_of_the_checkout_is_found_by_how_its_id_begins(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "first")
    head = git(tmp_path, "rev-parse", "HEAD")
    monkeypatch.chdir(tmp_path)

    terminal.wharf("start", "--commit", head[:7])

    ((_, message),) = terminal.cloud.topic.messages
    assert json.loads(message)["commit"] == head


def test_a_beginning_of_several_commits_names_them_and_asks_for_nothing(
    terminal: Terminal,
) -> None:
    other = f"{COMMIT[:8]}{'f' * 32}"
    releases.succeeded(terminal.cloud)
    terminal.cloud.ledger.skip(other, "changes only README.md")

    result = terminal.wharf("start", "--commit", COMMIT[:8])

    assert result.exit_code == 1
    assert f"2 commits begin with {COMMIT[:8]}: {COMMIT}, {other}" in result.stderr
    assert terminal.cloud.topic.messages == []


def test_a_beginning_of_no_commit_asks_for_the_full_id(terminal: Terminal) -> None:
    result = terminal.wharf("start", "--commit", "fffffff")

    assert result.exit_code == 1
    assert "has a commit fffffff: name it by its full id" in result.stderr
    assert terminal.cloud.topic.messages == []
