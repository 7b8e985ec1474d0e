"""The files of a build's context, without those that its .dockerignore leaves out."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from modelwharf.engines.process.ignore_file import IgnoreFile


class NotInContext(Exception):
    """A source that COPY cannot take; the message says why."""


@dataclass(frozen=True)
class ContextFiles:
    """The files that a build may copy. ``folder`` is the context, resolved."""

    folder: Path
    ignored: IgnoreFile

    @classmethod
    def of(cls, dockerfile: Path, context: Path) -> "ContextFiles":
        return cls(context.resolve(), IgnoreFile.of(dockerfile, context))

    def find(self, pattern: str) -> list[Path]:
        """Return the files and folders that a source of COPY names. Raises NotInContext."""
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

    def followed(self, source: Path) -> Path:
        """Return the target of a source: COPY follows a link that it names, as BuildKit does.

        Links below a folder that it names stay links. Raises NotInContext.
        """
        if not source.is_symlink():
            return source
        end, link = source.resolve(), str(source.readlink())
        if not end.is_relative_to(self.folder):
            raise NotInContext(f"source {source.name!r} links out of the context: {link}")
        if not self._holds(end):
            raise NotInContext(
                f"source {source.name!r} links to {link}: .dockerignore leaves it out"
            )
        return end

    def below(self, folder: Path) -> Iterator[Path]:
        """Yield every file and link below a folder of the context."""
        return (path for path in _files_below(folder) if not self._left_out(path))

    def _holds(self, path: Path) -> bool:
        """Whether the builder gets the path; for a folder, at least something in it."""
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
