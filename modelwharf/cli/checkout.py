"""A git checkout: the facts that a push needs, and the push itself."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from modelwharf.cli.errors import CommandError

PUSH_TIMEOUT = 600  # seconds
UNTRANSLATED = {"LC_ALL": "C"}
"""git's output is parsed, and git would otherwise use the user's language."""


IDENTITY = ("-c", "user.name=wharf init", "-c", "user.email=init@localhost")
"""The author of the first commit if git has none configured: git would refuse to commit."""


@dataclass(frozen=True)
class Checkout:
    """The git work tree at ``directory``, or at ``work_tree`` when that is another folder."""

    directory: Path
    work_tree: Path | None = None

    def head(self) -> str:
        """Return the full id of the commit that is checked out. Raises CommandError without one."""
        if not self._git("rev-parse", "--is-inside-work-tree").returncode == 0:
            raise CommandError(
                f"{self.directory.resolve()} is not a git checkout: name one with `--directory`, "
                "or run `git init` there"
            )
        answer = self._git("rev-parse", "--verify", "HEAD^{commit}")
        if answer.returncode != 0:
            raise CommandError(
                f"{self.directory.resolve()} has no commit yet: "
                "run `git add --all && git commit`, then push again"
            )
        return answer.stdout.strip()

    def begin(self, files: Sequence[str], message: str) -> None:
        """Make a first commit of the files, in a new repository if the directory has none.

        Raises CommandError with git's own message.
        """
        if not (self.directory / ".git").exists():
            self._done("init", "--quiet", "--initial-branch", "main")
        self._done("add", "--", *files)
        known = self._git("config", "user.email").stdout.strip()
        self._done(*(() if known else IDENTITY), "commit", "--quiet", "--message", message)

    def commits(self, start: str) -> frozenset[str]:
        """Return the full ids of the commits that begin with ``start``; none outside a checkout."""
        found = self._git("rev-parse", f"--disambiguate={start}").stdout.split()
        kinds = {one: self._git("cat-file", "-t", one).stdout.strip() for one in found}
        return frozenset(one for one, kind in kinds.items() if kind == "commit")

    def versions(self, name: str) -> Iterator[str]:
        """Yield the file's content in each commit before HEAD that changed it, newest first.

        Yields nothing outside a checkout. A shallow clone yields only its own commits.
        """
        log = self._git("log", "--full-history", "--format=%H", "HEAD", "--", name)
        for commit in log.stdout.split():
            shown = self._git("show", f"{commit}:./{name}")
            if shown.returncode == 0:
                yield shown.stdout

    def uncommitted(self) -> tuple[str, ...]:
        """Return the tracked or new paths whose content is in no commit."""
        return tuple(line[3:] for line in self._git("status", "--porcelain").stdout.splitlines())

    def root(self) -> Path | None:
        """Return the top folder of the work tree; None outside a checkout."""
        answer = self._git("rev-parse", "--show-toplevel")
        return Path(answer.stdout.strip()) if answer.returncode == 0 else None

    def tracks(self, path: Path) -> bool:
        """Whether git has the path, although a sparse checkout may lack it."""
        return self._git("ls-files", "--error-unmatch", "--", str(path)).returncode == 0

    def is_shallow(self) -> bool:
        """Whether the clone lacks history; git refuses to push from one."""
        return self._git("rev-parse", "--is-shallow-repository").stdout.strip() == "true"

    def push_urls(self) -> tuple[tuple[str, str], ...]:
        """Return pairs (remote, push URL); a remote with several URLs has several pairs.

        git has already applied `insteadOf` and `pushInsteadOf`.
        """
        lines = self._git("remote", "-v").stdout.splitlines()
        pairs = (line.removesuffix(" (push)").split("\t", 1) for line in lines if "(push)" in line)
        return tuple((name, url) for name, url in pairs)

    def push(self, remote: str, branch: str) -> bool:
        """Push HEAD to the remote's branch. Returns False when the remote had it already.

        Raises CommandError with git's own message when the remote refuses.
        """
        answer = self._git("push", "--porcelain", remote, f"HEAD:refs/heads/{branch}")
        if answer.returncode != 0:
            raise CommandError(_refused(remote, branch, answer.stderr + answer.stdout, self.head()))
        return not any(line.startswith("=") for line in answer.stdout.splitlines())

    def _command(self) -> list[str]:
        command = ["git", "-C", str(self.directory)]
        return (
            [*command, "--work-tree", str(self.work_tree.resolve())] if self.work_tree else command
        )

    def _done(self, *arguments: str) -> None:
        answer = self._git(*arguments)
        if answer.returncode != 0:
            raise CommandError(f"git failed: {answer.stderr.strip()}")

    def _git(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                [*self._command(), *arguments],
                capture_output=True,
                text=True,
                errors="replace",  # server messages and file names may be in any encoding
                timeout=PUSH_TIMEOUT,
                check=False,
                env={**os.environ, **UNTRANSLATED},
            )
        except FileNotFoundError:
            raise CommandError("there is no `git` on PATH: install git first") from None
        except subprocess.TimeoutExpired:
            raise CommandError(f"git {arguments[0]} took longer than {PUSH_TIMEOUT} s") from None


def _refused(remote: str, branch: str, output: str, head: str) -> str:
    lines = (line for line in output.strip().splitlines() if not line.startswith("hint:"))
    said = [line.replace("\t", " ") for line in lines if line != "Done"]  # from --porcelain
    words = "\n".join(said[-8:])
    hint = ""
    if "shallow update not allowed" in output:
        hint = "\nThis clone lacks history: run `git fetch --unshallow`, then push again."
    elif "[rejected]" in output:
        hint = (
            f"\nBring in the commits that are there first: git pull {remote} {branch}\n"
            "To go back to a commit that was there before: "
            f'wharf start --commit {head} --reason "…"'
        )
    return f"git push to {remote} failed:\n{words}{hint}"
