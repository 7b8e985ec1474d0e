"""What a model archive may hold: SageMaker unpacks files and folders, and nothing else.

An archive with links "cannot be extracted" there (AWS re:Post), after training was paid for and
long after the program that made the link is gone. So each is refused by name.
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


def fault_of(member: tarfile.TarInfo) -> str | None:
    """What is wrong with one entry, such as ``a.bin is a symbolic link to b.bin``; None if well."""
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts:
        return f"{member.name} is a name outside the folder"
    if member.issym():
        return f"{path} is a symbolic link to {member.linkname}"
    if member.islnk():
        return f"{path} is a hard link to {member.linkname}"
    if member.isfifo():
        return f"{path} is a named pipe"
    if not (member.isreg() or member.isdir()):
        return f"{path} is a device"
    return None


def faults_of(members: Iterable[tarfile.TarInfo]) -> Iterator[str]:
    return (fault for fault in map(fault_of, members) if fault)


def faults_in(folder: Path, left_out: Iterable[str] = ()) -> Iterator[str]:
    """The same of a folder that an archive is to be made of.

    ``left_out``: what could not be kept of ``/opt/ml``, as an engine says it.
    """
    prefix = f"{folder.name}/"
    yield from (lost.removeprefix(prefix) for lost in left_out if lost.startswith(prefix))
    first: dict[tuple[int, int], Path] = {}
    for place, folders, files in os.walk(folder):
        for name in sorted((*folders, *files)):
            path = Path(place, name)
            found = path.lstat()
            shown = path.relative_to(folder).as_posix()
            if stat.S_ISLNK(found.st_mode):
                yield f"{shown} is a symbolic link to {path.readlink()}"
            elif stat.S_ISFIFO(found.st_mode):
                yield f"{shown} is a named pipe"
            elif stat.S_ISREG(found.st_mode):
                other = first.setdefault((found.st_dev, found.st_ino), path)
                if other is not path:
                    yield f"{shown} is a hard link to {other.relative_to(folder).as_posix()}"
            elif not stat.S_ISDIR(found.st_mode):
                kind = "a socket" if stat.S_ISSOCK(found.st_mode) else "a device"
                yield f"{shown} is {kind}"


def in_words(faults: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
    return "; ".join(faults[:SHOWN]) + more
