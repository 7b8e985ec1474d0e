"""Commits a folder that git cannot push: an unpacked archive, a shallow clone."""

import subprocess
from pathlib import Path

from modelwharf.cli.checkout import Checkout
from modelwharf.cli.errors import CommandError

IDENTITY = ("-c", "user.name=wharf demo", "-c", "user.email=demo@localhost")


def checkout_of(root: Path, directory: Path) -> Checkout:
    """Return the folder's checkout, or a commit of its files in a new repository.

    The repository goes into ``directory``; the folder itself stays unchanged. A shallow clone gets
    a new commit too, because git refuses to push one.
    """
    checkout = Checkout(root)
    if (root / ".git").exists() and not checkout.is_shallow():
        return checkout
    copy = (directory / "checkout").resolve()
    _git("init", "--quiet", str(copy))
    (copy / ".git" / "info" / "exclude").write_text(".wharf/\n.venv/\n")
    here = ("--git-dir", str(copy / ".git"), "--work-tree", str(root.resolve()))
    _git("-C", str(root), *here, "add", "--all")
    _git(*here, *IDENTITY, "commit", "--quiet", "--message", "The demo's files")
    return Checkout(copy, work_tree=root)


def _git(*arguments: str) -> None:
    answer = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise CommandError(f"`git {arguments[0]} …` failed: {answer.stderr.strip()}")
