"""`make release`, in a small repository whose `make wheel` writes an empty wheel."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROGRAM = ROOT / ".ci" / "release.py"
MAKEFILE = "wheel:\n\tmkdir -p dist && touch dist/modelwharf-0.2.0-py3-none-any.whl\n"
CHANGELOG = (
    "# Changelog\n\n## 0.2.0 — 2026-12-01\n- # A command.\n\n## 0.1.0 — 2026-11-01\n- All.\n"
)


class Repository:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "--quiet", "--initial-branch=main")
        self.write("Makefile", MAKEFILE)
        self.write(".gitignore", "dist/\n")
        self.write("CHANGELOG.md", CHANGELOG)
        self.write("pyproject.toml", '[project]\nversion = "0.2.0"\n')
        self.commit()

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def git(self, *words: str) -> str:
        identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        done = subprocess.run(
            ["git", *identity, *words], cwd=self.folder, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self) -> None:
        self.git("add", ".")
        self.git("commit", "--quiet", "--message", "Change")

    def release(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(PROGRAM), *words],
            cwd=self.folder,
            capture_output=True,
            text=True,
        )


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.setenv("GIT_COMMITTER_NAME", "A")
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "a@example.org")
    return Repository(tmp_path)


def test_a_release_is_a_wheel_and_a_tag_that_tells_what_changed(repository: Repository) -> None:
    done = repository.release("0.2.0")
    assert done.returncode == 0, done.stderr
    assert "dist/modelwharf-0.2.0-py3-none-any.whl, sha256 " in done.stdout
    assert "git push origin v0.2.0" in done.stdout
    told = repository.git("for-each-ref", "--format=%(contents)", "refs/tags/v0.2.0")
    assert told == "Modelwharf 0.2.0\n\n- # A command."


def test_every_fault_is_named_at_once_and_nothing_is_made(repository: Repository) -> None:
    repository.git("tag", "v0.3.0")
    repository.git("switch", "--quiet", "--create", "work")
    repository.write("new.py", "")
    done = repository.release("0.3.0")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "release: the working tree has changes: new.py; commit them",
        "release: the branch is work; git switch main",
        "release: the tag v0.3.0 exists; take the next version, or git tag --delete v0.3.0",
        'release: pyproject.toml has version = "0.2.0"; write version = "0.3.0", and commit',
        "release: CHANGELOG.md has no section; write `## 0.3.0 — YYYY-MM-DD`, and what changed",
    ]
    assert not (repository.folder / "dist").exists()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("2026-12-01", "unreleased", "section 0.2.0 says 'unreleased'; write its day"),
        ("- # A command.\n", "", "section 0.2.0 is empty; write what changed"),
    ],
)
def test_an_unfinished_section_is_refused(
    repository: Repository, old: str, new: str, told: str
) -> None:
    repository.write("CHANGELOG.md", CHANGELOG.replace(old, new))
    repository.commit()
    done = repository.release("0.2.0")
    assert done.returncode == 1
    assert told in done.stderr


def test_a_main_that_is_not_its_upstreams_is_refused(repository: Repository) -> None:
    repository.git("update-ref", "refs/remotes/origin/main", "HEAD")
    repository.git("config", "remote.origin.url", "elsewhere")
    repository.git("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
    repository.git("config", "branch.main.remote", "origin")
    repository.git("config", "branch.main.merge", "refs/heads/main")
    repository.write("new.py", "")
    repository.commit()
    assert "main and its upstream differ" in repository.release("0.2.0").stderr


def test_a_wheel_that_cannot_be_built_leaves_no_tag(repository: Repository) -> None:
    repository.write("Makefile", "wheel:\n\tfalse\n")
    repository.commit()
    done = repository.release("0.2.0")
    assert done.returncode == 1
    assert "no tag was made" in done.stderr
    assert repository.git("tag") == ""


@pytest.mark.parametrize("words", [(), ("",), ("v0.2.0",), ("0.2",), ("0.02.0",)])
def test_a_version_is_three_numbers(repository: Repository, words: tuple[str, ...]) -> None:
    done = repository.release(*words)
    assert done.returncode == 1
    assert "make release VERSION=0.2.0" in done.stderr
