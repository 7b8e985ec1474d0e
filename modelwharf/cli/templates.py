"""Project templates: each is a folder of ``modelwharf/templates`` with a template.toml.

The files next to the folders belong to every template.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import modelwharf
from modelwharf.app import app_folder

FOLDER = Path(modelwharf.__file__).parent / "templates"
DESCRIPTION = "template.toml"
DOT = "dot-"
"""Stands for a leading dot: git and the wheel builder would interpret such files here."""


@dataclass(frozen=True)
class Change:
    """A text replacement in the files that a project takes from the package."""

    files: tuple[str, ...]
    """Paths in the project. Each contains the text."""
    text: str
    by: str


@dataclass(frozen=True)
class Template:
    """A template of a new project."""

    folder: Path
    description: str
    question: str
    """The command that calls the first model."""
    data: str
    """The command that makes its first data; "" when the project has them."""
    package: bool
    """Whether its images install the package, from a wheel in vendor/."""
    carried: Mapping[str, str]
    """Path in the project → path in the app's folder, for files that the package has already.

    A folder stands for its Python files.
    """
    changes: tuple[Change, ...]

    @property
    def name(self) -> str:
        return self.folder.name

    def files(self, project: str) -> dict[str, bytes]:
        """Return the content of each file of the project, by its path there."""
        words = {b"%PROJECT%": project.encode(), b"%QUESTION%": self.question.encode()}
        found = self._carried_files()
        for change in self.changes:
            by = change.by.replace("%PROJECT%", project).encode()
            for name in change.files:
                found[name] = found[name].replace(change.text.encode(), by)
        places = dict.fromkeys(sorted(self.folder.parent.glob("*")), self.folder.parent)
        places |= dict.fromkeys(sorted(self.folder.rglob("*")), self.folder)
        for path, folder in places.items():
            inner = path.relative_to(folder)
            if path.is_dir() or "__pycache__" in inner.parts or str(inner) == DESCRIPTION:
                continue
            content = path.read_bytes()
            for word, text in words.items():
                content = content.replace(word, text)
            found["/".join(_named(part) for part in inner.parts)] = content
        return found

    def _carried_files(self) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for name, place in self.carried.items():
            path = app_folder() / place
            if path.is_dir():
                found |= {f"{name}/{one.name}": one.read_bytes() for one in path.glob("*.py")}
            else:
                found[name] = path.read_bytes()
        return found


def templates(folder: Path = FOLDER) -> dict[str, Template]:
    """Return every template, by its name."""
    described = sorted(folder.glob(f"*/{DESCRIPTION}"))
    return {path.parent.name: _read(path) for path in described}


def _read(path: Path) -> Template:
    content = tomllib.loads(path.read_text("utf-8"))
    return Template(
        folder=path.parent,
        description=content["description"],
        question=content["question"],
        data=content.get("data", ""),
        package=content["package"],
        carried=content["files"],
        changes=tuple(
            Change(tuple(one["files"]), one["text"], one["by"])
            for one in content.get("changes", ())
        ),
    )


def _named(part: str) -> str:
    return f".{part.removeprefix(DOT)}" if part.startswith(DOT) else part
