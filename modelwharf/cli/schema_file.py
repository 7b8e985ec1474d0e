"""Writes the JSON Schema of ``modelwharf.toml`` to the path that its first line names for
editors.
"""

from pathlib import Path

from modelwharf.contracts.project_file import SCHEMA

SCHEMA_FILE = f".wharf/{SCHEMA.name}"


def write_schema(folder: Path) -> None:
    """Write this version's schema for the project file in the folder."""
    file = folder / SCHEMA_FILE
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.write_bytes(SCHEMA.read_bytes())
