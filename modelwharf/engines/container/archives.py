"""Copy files into a container and back, as tar archives that are never held in memory whole."""

import io
import shutil
import stat
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from modelwharf.contracts.model_archive import fault_of, printable
from modelwharf.engines.engine import LogSink

BLOCK = tarfile.BLOCKSIZE  # bytes
CHUNK = 1024 * 1024  # bytes
Owner = tuple[int, int]


def packed(tree: Path, owner: Owner) -> Iterator[bytes]:
    """Yield a folder's content as a tar archive, chunk by chunk.

    Every member belongs to ``owner``, is readable by all and writable by the owner, whatever umask
    the files were created with.
    """
    for path in (tree, *sorted(tree.rglob("*"))):
        member = _member(path, path.relative_to(tree).as_posix(), owner)
        if member is None:
            continue
        yield member.tobuf(tarfile.PAX_FORMAT)
        if member.isreg():
            yield from _content(path, member.size)
    yield bytes(2 * BLOCK)


def _member(path: Path, name: str, owner: Owner) -> tarfile.TarInfo | None:
    found = path.lstat()
    member = tarfile.TarInfo(name)
    member.uid, member.gid = owner
    member.mtime = int(found.st_mtime)
    if stat.S_ISLNK(found.st_mode):
        member.type, member.linkname = tarfile.SYMTYPE, str(path.readlink())
    elif stat.S_ISDIR(found.st_mode):
        member.type, member.mode = tarfile.DIRTYPE, 0o755
    elif stat.S_ISREG(found.st_mode):
        member.size = found.st_size
        member.mode = 0o755 if found.st_mode & stat.S_IXUSR else 0o644
    else:
        return None
    return member


def _content(path: Path, size: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        left = size
        while left:
            data = file.read(min(CHUNK, left))
            if not data:
                raise OSError(f"{path} became shorter while it was copied into the container")
            left -= len(data)
            yield data
    yield bytes(-size % BLOCK)


def unpack(chunks: Iterable[bytes], folder: Path, log: LogSink) -> list[str]:
    """Unpack an archive of ``folder`` into the folder, which is emptied first.

    A member without a meaning outside the container, such as an absolute link, is left out, named
    in the log, and described in the result.
    """
    left_out = []
    remove(folder)
    folder.mkdir(parents=True)
    with tarfile.open(fileobj=io.BufferedReader(_Stream(chunks), CHUNK), mode="r|") as archive:
        for member in archive:
            name = _inner(member.name)
            if not name:
                continue
            if member.islnk():  # a hard link's target is a name in this archive
                member.linkname = _inner(member.linkname)
            member = member.replace(name=name, deep=False)
            try:
                archive.extract(member, folder, filter="data")
            except (tarfile.FilterError, KeyError) as error:
                member.name = f"{folder.name}/{name}"
                shown, why = printable(member.name), printable(str(error))
                log(f"[laptop] {shown} is left out: {why}")
                left_out.append(fault_of(member) or f"{shown} cannot be kept: {why}")
    for _ in chunks:  # read to the end, or the connection stays in use
        pass
    return left_out


def _inner(name: str) -> str:
    """Return a member's name relative to the archive's folder.

    The name begins with the folder's own name; with podman and a volume's folder, with a slash.
    """
    return name.strip("/") if name.startswith("/") else name.strip("/").partition("/")[2]


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


class _Stream(io.RawIOBase):
    """An iterator of bytes, read as a file."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = chunk
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


def owner_of(user: str | None) -> Owner:
    """Return ``uid`` or ``uid:gid`` as numbers; root for None. Raises ValueError for a name."""
    if user is None:
        return 0, 0
    uid, _, gid = user.partition(":")
    return int(uid), int(gid or 0)
