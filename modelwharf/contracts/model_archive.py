"""The entries that a model archive may have: SageMaker unpacks only files and folders.

An archive with links "cannot be extracted" there (AWS re:Post). The fault appears after training
was paid for and the program has ended. So each link is refused by name.
"""

import os
import stat
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

SHOWN = 5
ADVICE = (
    "SageMaker unpacks plain files and folders alone: write a copy instead of a link to "
    "/opt/ml/model (cp -L, shutil.copy), and nothing but files and folders"
)


def printable(name: str) -> str:
    """A file's name for one line of text: line ends and bytes that are not UTF-8 are escaped."""
    return name if name.isprintable() else ascii(name)


def fault_of(member: tarfile.TarInfo) -> str | None:
    """The fault of one entry, such as ``a.bin is a symbolic link to b.bin``, or None."""
    path = PurePosixPath(member.name)
    name, target = printable(member.name), printable(member.linkname)
    if path.is_absolute() or ".." in path.parts:
        return f"{name} is a name outside the folder"
    name = printable(str(path))
    if member.issym():
        return f"{name} is a symbolic link to {target}"
    if member.islnk():
        return f"{name} is a hard link to {target}"
    if member.isfifo():
        return f"{name} is a named pipe"
    if not (member.isreg() or member.isdir()):
        return f"{name} is a device"
    return None


def faults_of(members: Iterable[tarfile.TarInfo]) -> Iterator[str]:
    return (fault for fault in map(fault_of, members) if fault)


def faults_in(folder: Path, left_out: Iterable[str] = ()) -> Iterator[str]:
    """The faults of a folder before it becomes an archive.

    ``left_out``: entries of ``/opt/ml`` that the engine could not keep, in its words.
    """
    prefix = f"{folder.name}/"
    yield from (lost.removeprefix(prefix) for lost in left_out if lost.startswith(prefix))
    first: dict[tuple[int, int], Path] = {}
    for place, folders, files in os.walk(folder):
        for name in sorted((*folders, *files)):
            path = Path(place, name)
            found = path.lstat()
            shown = printable(path.relative_to(folder).as_posix())
            if stat.S_ISLNK(found.st_mode):
                yield f"{shown} is a symbolic link to {printable(str(path.readlink()))}"
            elif stat.S_ISFIFO(found.st_mode):
                yield f"{shown} is a named pipe"
            elif stat.S_ISREG(found.st_mode):
                other = first.setdefault((found.st_dev, found.st_ino), path)
                if other is not path:
                    first_name = printable(other.relative_to(folder).as_posix())
                    yield f"{shown} is a hard link to {first_name}"
            elif not stat.S_ISDIR(found.st_mode):
                kind = "a socket" if stat.S_ISSOCK(found.st_mode) else "a device"
                yield f"{shown} is {kind}"


def in_words(faults: Sequence[str]) -> str:
    """The first fault, and the number of the others."""
    more = f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
    return "; ".join(faults[:SHOWN]) + more
