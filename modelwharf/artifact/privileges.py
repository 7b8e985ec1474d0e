"""The user that a container's program runs as.

SageMaker starts containers as root and owns ``/opt/ml``. The program needs root only to
take over the folders that it writes to.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice
from pathlib import Path
from typing import Protocol

TREE = Path("/opt/ml")  # outside a container SAGEMAKER_BASE_DIR names another
MODEL_USER = 1000  # uid and gid
# Python's own files: the other user must be able to import them. On a developer's machine they may
# be in root's home.
PROGRAM = (Path(os.__file__), Path(sys.executable))
LOOKED_AT = 1000  # paths of one folder; a channel may have millions of similar ones


class System(Protocol):
    """The ``os`` module's functions for users."""

    def geteuid(self) -> int: ...

    def seteuid(self, euid: int, /) -> None: ...

    def setegid(self, egid: int, /) -> None: ...

    def setgroups(self, groups: Sequence[int], /) -> None: ...

    def setuid(self, uid: int, /) -> None: ...

    def setgid(self, gid: int, /) -> None: ...

    def chown(self, path: Path, uid: int, gid: int, *, follow_symlinks: bool) -> None: ...

    def access(self, path: Path, mode: int, *, effective_ids: bool) -> bool: ...


def leave_root(
    tree: Path,
    *,
    reads: Iterable[Path],
    writes: Iterable[Path],
    system: System = os,
    program: Iterable[Path] = PROGRAM,
) -> str | None:
    """Continue as the owner of ``tree``, or as uid 1000 if that is root.

    The folders ``writes`` are made if missing, and the user becomes their owner, with their
    content. Another user than root does not change. Returns why root must stay, if the other user
    could not do the work.
    """
    if system.geteuid() != 0:
        return None
    folders = tuple(writes)
    paths = [*program, tree, *_some(reads)]
    needed = [(path, _reading(path)) for path in paths if os.path.lexists(path)]  # as root sees it
    user, group = _owner(tree)
    for folder in folders:
        _hand_over(folder, user, group, system)
    try:
        system.setgroups([])
        system.setegid(group)
        system.seteuid(user)  # reversible: permissions are checked before root is given up
    except OSError as error:
        return f"stays root: it may not become uid {user} ({error.strerror})"
    refusal = _refusal(needed, folders, system)
    system.seteuid(0)
    system.setegid(0)
    if refusal:
        return f"stays root: uid {user} {refusal}"
    system.setgid(group)
    system.setuid(user)
    return None


def _owner(tree: Path) -> tuple[int, int]:
    """The owner of a folder that was mounted by hand; it shall own the written files."""
    found = tree.stat() if tree.exists() else None
    if found is None or found.st_uid == 0:
        return MODEL_USER, MODEL_USER
    return found.st_uid, found.st_gid


def _hand_over(folder: Path, user: int, group: int, system: System) -> None:
    # A folder that cannot be made or handed over may still be writable; that is checked
    # later.
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        for path in (folder, *folder.rglob("*")):
            found = path.lstat()
            if (found.st_uid, found.st_gid) != (user, group):
                system.chown(path, user, group, follow_symlinks=False)


def _reading(path: Path) -> int:
    with suppress(OSError):  # root without capabilities may not read it either
        if path.is_dir():
            return os.R_OK | os.X_OK
    return os.R_OK


def _refusal(
    reads: Iterable[tuple[Path, int]], writes: Iterable[Path], system: System
) -> str | None:
    for folder in writes:
        if not system.access(folder, os.R_OK | os.W_OK | os.X_OK, effective_ids=True):
            return f"cannot write to {folder}"
    for path, mode in reads:
        if not system.access(path, mode, effective_ids=True):
            return f"cannot read {path}"
    return None


def _some(folders: Iterable[Path]) -> Iterator[Path]:
    """The existing folders, and the paths in each."""
    for folder in folders:
        if os.path.lexists(folder):
            yield from islice(chain([folder], folder.rglob("*")), LOOKED_AT)
