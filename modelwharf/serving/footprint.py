"""The memory that a model's folder may take, estimated before it is loaded."""

import mmap
from pathlib import Path

from modelwharf.serving.memory import MIB
from modelwharf.serving.served import ModelBroken

# Bytes at the peak of loading per byte of file, measured: docs/decisions/0016.
TREES = 22  # an ONNX graph with a tree operator: small integers become wide nodes
ARRAYS = 1.5  # an archive of arrays, relative to its unpacked size
OTHER = 2.5
SESSION = 4 * MIB  # for any graph
TREE_OPERATOR = b"TreeEnsemble"
HEAD = 64 * 1024  # bytes at a graph's start that name its first operators
AHEAD = 256 * MIB


def footprint(folder: Path) -> int:
    """Return the peak memory of loading in bytes, more than what stays. Raises ModelBroken."""
    try:
        return SESSION + sum(_needs(path) for path in folder.iterdir() if path.is_file())
    except OSError as error:
        raise ModelBroken(f"{folder} cannot be read: {error}") from None


def prefault_size(folder: Path) -> int:
    """Return the bytes worth prefaulting before a graph is loaded, at most AHEAD.

    Only tree graphs take much more memory than their file. 0 when there are none, or when the
    folder cannot be read.
    """
    try:
        graphs = [path for path in folder.glob("*.onnx") if _has_trees(path, HEAD)]
        return min(AHEAD, sum(TREES * path.stat().st_size for path in graphs))
    except OSError:
        return 0


def _needs(path: Path) -> int:
    size = path.stat().st_size
    if path.suffix == ".onnx" and _has_trees(path, size):
        return TREES * size
    if path.suffix == ".npz":
        return int(ARRAYS * _unpacked(path))
    return int(OTHER * size)


def _unpacked(path: Path) -> int:
    """Return the unpacked size that the archive's members declare: a small compressed file may hold
    any size.
    """
    import zipfile  # kept off the start-up path, which imports this module

    try:
        with zipfile.ZipFile(path) as archive:
            return sum(member.file_size for member in archive.infolist())
    except zipfile.BadZipFile as error:
        raise ModelBroken(f"{path} is not an archive of arrays: {error}") from None


def _has_trees(path: Path, within: int) -> bool:
    """Whether the tree operator's name occurs in the first ``within`` bytes."""
    if not path.stat().st_size:
        return False  # an empty file cannot be mapped
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as graph,
    ):
        return graph.find(TREE_OPERATOR, 0, within) >= 0
