"""A commit of a folder that is no git checkout, such as an unpacked archive."""

import subprocess
from pathlib import Path

from cli.checkout import Checkout
from cli.errors import Trouble

IDENTITY = ("-c", "user.name=wharf demo", "-c", "user.email=demo@localhost")


def checkout_of(root: Path, repository: Path) -> Checkout:
    """Return the folder's checkout; without one, commit its files into ``repository``.

    The folder itself stays as it is: the repository's own directory is elsewhere.
    """
    if (root / ".git").exists():
        return Checkout(root)
    copy = repository / "checkout"
    for command in (
        ["git", "init", "--quiet", str(copy)],
        ["git", "-C", str(copy), "--work-tree", str(root.resolve()), "add", "--all"],
        ["git", "-C", str(copy), *IDENTITY, "commit", "--quiet", "--message", "The demo's files"],
    ):
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        if answer.returncode != 0:
            raise Trouble(f"`{' '.join(command[:4])} …` failed: {answer.stderr.strip()}")
    return Checkout(copy)
