"""A git checkout: what a push needs to know of it, and the push itself."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from cli.errors import Trouble

PUSH_TIMEOUT = 600  # seconds


@dataclass(frozen=True)
class Checkout:
    """The git work tree at ``directory``, or at ``work_tree`` when that is elsewhere."""

    directory: Path
    work_tree: Path | None = None

    def head(self) -> str:
        """Return the full id of the commit that is checked out. Raises Trouble without one."""
        if not self._git("rev-parse", "--is-inside-work-tree").returncode == 0:
            raise Trouble(
                f"{self.directory.resolve()} is not a git checkout: name one with `--directory`, "
                "or run `git init` there"
            )
        answer = self._git("rev-parse", "--verify", "HEAD^{commit}")
        if answer.returncode != 0:
            raise Trouble(
                f"{self.directory.resolve()} has no commit yet: "
                "run `git add --all && git commit`, then push again"
            )
        return answer.stdout.strip()

    def uncommitted(self) -> tuple[str, ...]:
        """Return the tracked or new paths whose content is in no commit."""
        return tuple(line[3:] for line in self._git("status", "--porcelain").stdout.splitlines())

    def is_shallow(self) -> bool:
        """Whether the clone lacks history; git refuses to push from one."""
        return self._git("rev-parse", "--is-shallow-repository").stdout.strip() == "true"

    def push_urls(self) -> tuple[tuple[str, str], ...]:
        """Return (remote, a URL that it pushes to); a remote with several has several pairs.

        git has applied `insteadOf` and `pushInsteadOf` to them.
        """
        lines = self._git("remote", "-v").stdout.splitlines()
        pairs = (line.removesuffix(" (push)").split("\t", 1) for line in lines if "(push)" in line)
        return tuple((name, url) for name, url in pairs)

    def push(self, remote: str, branch: str) -> bool:
        """Push HEAD to the remote's branch; False when the remote had it already.

        Raises Trouble in git's own words when the remote refuses.
        """
        answer = self._git("push", "--porcelain", remote, f"HEAD:refs/heads/{branch}")
        if answer.returncode != 0:
            raise Trouble(_refused(remote, branch, answer.stderr + answer.stdout, self.head()))
        return not any(line.startswith("=") for line in answer.stdout.splitlines())

    def _command(self) -> list[str]:
        command = ["git", "-C", str(self.directory)]
        return (
            [*command, "--work-tree", str(self.work_tree.resolve())] if self.work_tree else command
        )

    def _git(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                [*self._command(), *arguments],
                capture_output=True,
                text=True,
                timeout=PUSH_TIMEOUT,
                check=False,
            )
        except FileNotFoundError:
            raise Trouble("there is no `git` on PATH: install git first") from None
        except subprocess.TimeoutExpired:
            raise Trouble(f"git {arguments[0]} took longer than {PUSH_TIMEOUT} s") from None


def _refused(remote: str, branch: str, output: str, head: str) -> str:
    told = (line for line in output.strip().splitlines() if not line.startswith("hint:"))
    said = [line.replace("\t", " ") for line in told if line != "Done"]  # its --porcelain
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
