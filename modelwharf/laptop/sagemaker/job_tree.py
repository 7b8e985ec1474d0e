"""The ``/opt/ml`` tree of a job or a server, and the text of its end."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

OPT_ML = PurePosixPath("/opt/ml")
REASON_LIMIT = 1024  # characters of FailureReason and ExitMessage


@dataclass(frozen=True)
class JobTree:
    """``folder`` is the host folder that the program knows as ``/opt/ml``."""

    folder: Path

    @classmethod
    def create(cls, parent: Path, *parts: str) -> "JobTree":
        """Create an empty tree. ``parts`` are the folders that exist before the program starts."""
        shutil.rmtree(parent, ignore_errors=True)
        tree = cls(parent / "ml")
        for part in parts:
            (tree.folder / part).mkdir(parents=True, exist_ok=True)
        return tree

    def host(self, path: str) -> Path:
        """The path on this machine for a path under ``/opt/ml``. Raises ValueError for others."""
        relative = PurePosixPath(path).relative_to(OPT_ML)
        if ".." in relative.parts:
            raise ValueError(f"{path} leaves {OPT_ML}")
        return self.folder / relative

    def write_config(self, name: str, content: Any) -> None:
        """Write a configuration file, such as ``input/config/hyperparameters.json``."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))

    def text(self, name: str) -> str | None:
        """The content of the program's file, up to the length that a Describe call shows."""
        path = self.folder / name
        if not path.is_file():
            return None
        with path.open(errors="replace") as file:
            return file.read(REASON_LIMIT).strip()


def failure_reason(kind: str, text: str, code: int | None = None) -> str:
    """``AlgorithmError: text, exit code: 1``, shortened to keep the exit code."""
    ending = "" if code is None else f", exit code: {code}"
    head = f"{kind}: {text}"
    return head[: REASON_LIMIT - len(ending)] + ending


def plain(value: Any) -> Any:
    """Convert mappings and lists of moto's parser to plain ones, ready for JSON."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
