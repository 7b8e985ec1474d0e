"""Merge the folders that a job's hosts wrote into the one folder that becomes an archive.

"If multiple containers in a single training job write to this directory they should ensure no
file/directory names clash. SageMaker AI aggregates the result in a TAR file" (developer guide, "How
Amazon SageMaker AI Processes Training Output").
"""

import filecmp
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

SHOWN = 3  # clashes that a message names


def merge(folders: Mapping[str, Path], target: Path) -> tuple[str, ...]:
    """Merge the hosts' folders (host → folder) into ``target``, a new folder.

    Returns the clashes in words: names that two hosts wrote with different content. It is not
    documented which of the two SageMaker would keep. A file that is the same on both is one file.
    """
    target.mkdir(parents=True)
    writers: dict[Path, str] = {}
    clashes = []
    for host, folder in folders.items():
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder)
            first = writers.setdefault(name, host)
            if first == host:
                _put(path, target / name)
            elif not _same(path, target / name):
                clashes.append(f"{name} differs between {first} and {host}")
    return tuple(clashes)


def in_words(clashes: Sequence[str]) -> str:
    """Return the first clashes, and how many more there are."""
    more = f", and {len(clashes) - SHOWN} more" if len(clashes) > SHOWN else ""
    return f"{', '.join(clashes[:SHOWN])}{more}"


def _put(path: Path, target: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        target.mkdir(exist_ok=True)
        return
    if not target.parent.is_dir():
        return  # another host's file has the folder's name; the clash is reported already
    try:
        os.link(path, target, follow_symlinks=False)
    except OSError:  # a file system without hard links
        shutil.copy2(path, target, follow_symlinks=False)


def _same(path: Path, other: Path) -> bool:
    if path.is_symlink() or other.is_symlink():
        both = path.is_symlink() and other.is_symlink()
        return both and path.readlink() == other.readlink()
    if path.is_dir() or other.is_dir():
        return path.is_dir() and other.is_dir()
    return filecmp.cmp(path, other, shallow=False)
