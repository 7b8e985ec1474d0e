"""A bare git repository, read with git's own plumbing commands."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # git's id of an empty tree


class NotInRepository(Exception):
    """Git cannot resolve a name in this repository."""


@dataclass(frozen=True)
class Entry:
    """One entry of a tree; ``kind`` is blob, tree or commit (a submodule)."""

    mode: str
    kind: str
    id: str
    path: str


@dataclass(frozen=True)
class Change:
    """One difference: ``status`` is A, M or D. The side without the file is None."""

    status: str
    before: Entry | None
    after: Entry | None


@dataclass(frozen=True)
class Person:
    name: str
    email: str
    date: str
    """Seconds since the epoch and the offset, as git stores it: ``1484167798 -0800``."""


@dataclass(frozen=True)
class Commit:
    id: str
    tree: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    message: str


class GitRepository:
    """Reads one repository. Every name is resolved to an id before any other git command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def create(cls, folder: Path, branch: str = "main") -> "GitRepository":
        folder.mkdir(parents=True)
        repository = cls(folder)
        repository._git("init", "--quiet", "--bare", f"--initial-branch={branch}")
        return repository

    def branch(self, name: str) -> str:
        """The commit at the head of a branch. Raises NotInRepository."""
        return self.resolve(f"refs/heads/{name}", "commit")

    def branches(self) -> list[str]:
        return self._git("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads").split()

    def resolve(self, name: str, kind: str) -> str:
        """The full id of a commit, tree or blob. Raises NotInRepository."""
        if name.startswith("-") or not name:
            raise NotInRepository(name)
        return self._git("rev-parse", "--verify", "--quiet", f"{name}^{{{kind}}}").strip()

    def commit(self, commit: str) -> Commit:
        # Fields end with a NUL, which no name, address or message can contain.
        text = self._git(
            "show",
            "--no-patch",
            "--date=raw",
            "--format=%H%x00%T%x00%P%x00%an%x00%ae%x00%ad%x00%cn%x00%ce%x00%cd%x00%B",
            commit,
        )
        full, tree, parents, an, ae, ad, cn, ce, cd, message = text.split("\0", 9)
        return Commit(
            full,
            tree,
            tuple(parents.split()),
            Person(an, ae, ad),
            Person(cn, ce, cd),
            message.rstrip("\n") + "\n",
        )

    def entry(self, commit: str, path: str) -> Entry:
        """The entry at a path. Raises NotInRepository."""
        clean = path.strip("/")
        if not clean:
            return Entry("040000", "tree", self.resolve(commit, "tree"), "")
        for entry in self._entries("ls-tree", "-z", commit, "--", clean):
            if entry.path == clean:
                return entry
        raise NotInRepository(path)

    def folder_entries(self, tree: str) -> list[Entry]:
        return list(self._entries("ls-tree", "-z", tree))

    def blob(self, blob: str) -> bytes:
        return self._run("cat-file", "blob", blob)

    def changes(self, before: str | None, after: str) -> list[Change]:
        """The differences between two commits, by path. ``before`` None: every file is new."""
        start = before or EMPTY_TREE
        text = self._git("diff-tree", "-r", "-z", "--no-renames", "--no-commit-id", start, after)
        fields = text.split("\0")[:-1]
        return [_change(meta, path) for meta, path in zip(fields[::2], fields[1::2], strict=True)]

    def _entries(self, *words: str) -> Iterator[Entry]:
        for line in self._git(*words).split("\0"):
            if line:
                head, _, path = line.partition("\t")
                mode, kind, identity = head.split()
                yield Entry(mode, kind, identity, path)

    def _git(self, *words: str) -> str:
        return self._run(*words).decode("utf-8", "surrogateescape")

    def _run(self, *words: str) -> bytes:
        done = subprocess.run(
            ["git", "--git-dir", str(self.folder), *words],
            capture_output=True,
            check=False,
            env=git_environment(),
        )
        if done.returncode:
            raise NotInRepository(f"git {' '.join(words)}: {done.stderr.decode().strip()}")
        return done.stdout


def git_environment() -> dict[str, str]:
    """The machine's environment without the variables that point git to another repository.

    Git also ignores the user's and the machine's settings: line endings, filters such as LFS's, and
    hooks would check out other files than CodeBuild gets. (git 2.32 and later.)
    """
    found = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {
        **found,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }


def _change(meta: str, path: str) -> Change:
    before_mode, after_mode, before, after, status = meta.removeprefix(":").split()
    return Change(
        # CodeCommit reports a changed kind (file to link) as a modification.
        status="M" if status == "T" else status,
        before=None if status == "A" else Entry(before_mode, "blob", before, path),
        after=None if status == "D" else Entry(after_mode, "blob", after, path),
    )
