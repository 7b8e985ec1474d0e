"""The steps of a build, with every variable filled in and every copied file digested."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any


@dataclass(frozen=True)
class MakeFolder:
    """The folder that WORKDIR creates."""

    line: int
    path: str

    def content(self) -> list[Any]:
        return ["folder", self.path]


@dataclass(frozen=True)
class CopiedFile:
    """One file of a COPY. ``digest`` is of the bytes, or of the link's target with ``link``.

    ``name`` is the file's name if the target turns out to be a folder; "" if the target cannot be
    one.
    """

    source: Path
    target: str
    digest: str
    executable: bool
    link: str | None = None
    name: str = ""

    def content(self) -> list[Any]:
        found = [self.target, self.digest, self.executable]
        return found if self.name in ("", PurePosixPath(self.target).name) else [*found, self.name]


@dataclass(frozen=True)
class CopyFiles:
    line: int
    files: tuple[CopiedFile, ...]

    def content(self) -> list[Any]:
        return ["copy", [file.content() for file in self.files]]


@dataclass(frozen=True)
class RunCommand:
    """One RUN. ``words`` is a shell's command line, or the program itself in the JSON form."""

    line: int
    text: str
    words: tuple[str, ...]
    environment: Mapping[str, str]
    directory: str

    def content(self) -> list[Any]:
        return ["run", list(self.words), dict(self.environment), self.directory]


Step = MakeFolder | CopyFiles | RunCommand
