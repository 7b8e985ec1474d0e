"""Puts a project's settings and first data into a new laptop cloud.

`wharf up` puts both there if they are missing. In AWS nothing is written without a request.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from modelwharf.cli.data_upload import upload
from modelwharf.cli.known_sections import KnownSections
from modelwharf.cli.parameters import put_section, stored_sections
from modelwharf.cli.schema_file import write_schema
from modelwharf.cli.services import Services
from modelwharf.cli.stack import Stack, find_stack
from modelwharf.contracts.configured_project import PROJECT_FILE
from modelwharf.contracts.names import parameter_path
from modelwharf.contracts.parameters import DEFAULT_VERSION, SECTIONS
from modelwharf.contracts.project_file import ProjectFile


def put_missing(services: Services, content: ProjectFile, folder: Path) -> Iterator[str]:
    """Write the missing sections and objects. Yields one line for each.

    An input starts with the file of its key in ``folder`` if the bucket has no such object; if
    neither has it, the line says how to upload one. `wharf config apply` may later replace the
    written sections. The file's schema is written for editors.
    """
    stack = find_stack(services, content.project)
    known = KnownSections(folder / PROJECT_FILE)
    write_schema(folder)
    stored = {one.section: one.version for one in stored_sections(services, content.project)}
    for section in (one for one in SECTIONS if one in content.model_fields_set):
        if stored[section] == DEFAULT_VERSION:
            said = getattr(content, section).model_dump(mode="json", exclude_unset=True)
            put_section(services, content.project, section, json.dumps(said))
            known.remember(content, [section])
            path = parameter_path(content.project, section)
            yield f"put:           {path}, as modelwharf.toml has it"
    for name, one in content.data.inputs.items():
        if _is_there(services, stack, one.key):
            continue
        file = folder / one.key
        if file.is_file():
            upload(services, stack, one.key, file, metadata={})
            yield f"put:           s3://{stack.data_bucket}/{one.key}, from {one.key}"
        else:
            yield f"no data:       there is no {one.key}; upload one: wharf data put {name} FILE"


def _is_there(services: Services, stack: Stack, key: str) -> bool:
    """Whether the data bucket has the object: it is the first one with this prefix."""
    found = services.client("s3").list_objects_v2(Bucket=stack.data_bucket, Prefix=key, MaxKeys=1)
    return bool(found.get("Contents")) and found["Contents"][0]["Key"] == key
