"""The project in ``modelwharf.toml``, for callers without an option or a variable."""

import tomllib
from pathlib import Path

from modelwharf.contracts.names import project_name

PROJECT_FILE = "modelwharf.toml"


def find_project_file(folder: Path) -> Path | None:
    """Return the project's file: in the folder or above, up to the root of its repository."""
    for place in (folder, *folder.parents):
        if (place / PROJECT_FILE).is_file():
            return place / PROJECT_FILE
        if (place / ".git").exists():
            return None
    return None


def configured_project(folder: Path) -> str | None:
    """Return the project that the file in the folder or above names; None without one.

    The rest of the file may be wrong. Raises ValueError, which names the file, for a syntax
    error and for a name that no AWS resource can carry.
    """
    path = find_project_file(folder)
    if path is None:
        return None
    try:
        named = tomllib.loads(path.read_text("utf-8-sig")).get("project")
        return None if named is None else project_name(str(named))
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors too
        raise ValueError(f"{path}: {error}; see `wharf config check`") from None
