"""What a model's folder may take of memory, known before it is loaded."""

import mmap
from pathlib import Path

from inference.memory import MIB
from inference.served import ModelBroken

# Bytes at the peak of loading for a byte of file, measured: docs/decisions/0016.
TREES = 22  # an ONNX graph with a tree operator: short integers become wide nodes
ARRAYS = 1.5  # an archive of arrays, of the size that it unpacks to
OTHER = 2.5
SESSION = 4 * MIB  # whatever the graph
TREE_OPERATOR = b"TreeEnsemble"
HEAD = 64 * 1024  # bytes of a graph in which its first operators are named
AHEAD = 256 * MIB


def footprint(folder: Path) -> int:
    """Bytes that loading may take at its peak, more than what stays. Raises ModelBroken."""
    try:
        return SESSION + sum(_needs(path) for path in folder.iterdir() if path.is_file())
    except OSError as error:
        raise ModelBroken(f"{folder} cannot be read: {error}") from None


def ahead_of_trees(folder: Path) -> int:
    """Bytes worth fetching before a graph is loaded, AHEAD at the most: trees are the graphs that
    take much more than their file. 0 when there are none, and when the folder cannot be read.
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
    """As the members say: compressed, a small file may hold any size."""
    import zipfile  # not on the way of a start, which imports this module

    try:
        with zipfile.ZipFile(path) as archive:
            return sum(member.file_size for member in archive.infolist())
    except zipfile.BadZipFile as error:
        raise ModelBroken(f"{path} is no archive of arrays: {error}") from None


def _has_trees(path: Path, within: int) -> bool:
    """Whether the operator's name stands in so many of the first bytes."""
    if not path.stat().st_size:
        return False  # which cannot be mapped
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as graph,
    ):
        return graph.find(TREE_OPERATOR, 0, within) >= 0
