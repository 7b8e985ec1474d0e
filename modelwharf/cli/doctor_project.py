"""The settings that ``wharf doctor`` takes from modelwharf.toml when no option overrides them."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from modelwharf.cli.project_file import read_project_file, require_content
from modelwharf.contracts.configured_project import find_project_file
from modelwharf.contracts.project_file import ProjectFile


@dataclass(frozen=True)
class Project:
    """A project's folder, and the content of its modelwharf.toml."""

    root: Path
    content: ProjectFile

    def channels(self, folder: Path) -> dict[str, Path]:
        """Return a folder for each channel, with the inputs that are files of the project.

        The files have the names that a training job sees. There are none when a program prepares
        the data: the training job reads that program's output.
        """
        data = self.content.data
        found: dict[str, Path] = {}
        for name, one in data.inputs.items():
            file = self.root / one.key
            if file.is_file() and not data.prepare:
                place = found.setdefault(one.channel, folder / one.channel)
                place.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, place / one.file_name(name))
        return found


def project_of(folder: Path) -> Project | None:
    """Return the project that contains the folder.

    Raises CommandError with the faults of its file.
    """
    path = find_project_file(folder.resolve())
    return Project(path.parent, require_content(read_project_file(path))) if path else None
