"""``modelwharf.toml``, the configuration file in a project's root."""

import json
from pathlib import Path
from typing import Annotated

from pydantic import Field

from modelwharf.contracts.names import DEFAULT_PROJECT, PROJECT_NAME
from modelwharf.contracts.parameters import Parameters

SCHEMA = Path(__file__).with_name("modelwharf.schema.json")
"""Written by ``python -m modelwharf.contracts.project_file``; a test compares both."""
ProjectName = Annotated[str, Field(pattern=PROJECT_NAME)]


class ProjectFile(Parameters):
    """A project's name and sections; each key that the file leaves out has its default."""

    project: ProjectName = DEFAULT_PROJECT


def schema_text() -> str:
    """Return the file's JSON Schema, from which editors complete and check the file.

    Draft 7: TOML editors do not fully support later drafts, and the models do not need them.
    """
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        **ProjectFile.model_json_schema(),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(schema_text(), encoding="utf-8")
