"""The files of a build's context, less what its .dockerignore leaves out."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from localcloud.process_engine.ignore_file import IgnoreFile


class NotInContext(Exception):
    """A source that COPY cannot take; the message says why."""


@dataclass(frozen=True)
class ContextFiles:
    """``folder`` is the context, resolved."""

    folder: Path
    ignored: IgnoreFile

    @classmethod
    def of(cls, dockerfile: Path, context: Path) -> "ContextFiles":
        return cls(context.resolve(), IgnoreFile.of(dockerfile, context))

    def find(self, pattern: str) -> list[Path]:
        """What a source of COPY names: files and folders. Raises NotInContext."""
        relative = os.path.normpath(pattern.lstrip("/"))
        if relative.startswith(".."):
            raise NotInContext(f"source {pattern!r} is outside the context")
        if any(character in relative for character in "*?["):
            there = sorted(path for path in self.folder.glob(relative) if path.name != ".git")
        else:
            path = self.folder / relative
            there = [path] if path.exists() else []
        found = [path for path in there if self._holds(path)]
        if not found:
            why = ": .dockerignore leaves it out" if there else ""
            raise NotInContext(f"source {pattern!r} is not in the context{why}")
        return found

    def below(self, folder: Path) -> Iterator[Path]:
        """Every file and link below a folder of the context."""
        return (path for path in _files_below(folder) if not self._left_out(path))

    def _holds(self, path: Path) -> bool:
        """Whether the builder gets the path; of a folder at least something in it."""
        if not path.is_dir() or path.is_symlink():
            return not self._left_out(path)
        return any(True for _ in self.below(path)) or not any(True for _ in _files_below(path))

    def _left_out(self, path: Path) -> bool:
        return self.ignored.leaves_out(PurePosixPath(path.relative_to(self.folder).as_posix()))


def _files_below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if (path.is_file() or path.is_symlink()) and ".git" not in parts:
            yield path
