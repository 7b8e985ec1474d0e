"""Writes ``modelwharf.toml``, or edits it and keeps its comments.

Only this module uses tomlkit, and only the command that writes the file imports it.
"""

from collections.abc import Mapping
from typing import Any

import tomlkit

from modelwharf.cli.errors import CommandError
from modelwharf.cli.schema_file import SCHEMA_FILE

HEAD = f"""\
#:schema {SCHEMA_FILE}
# What the project configures, as far as it is not the default: `wharf config show` has every key.
# `wharf config check` checks this file, `wharf config apply` writes it to Parameter Store.

"""


def new_text(project: str) -> str:
    """Return a file that only names its project."""
    named: str = tomlkit.dumps({"project": project})
    return HEAD + named


def edited(text: str, sections: Mapping[str, tuple[dict[str, Any], dict[str, Any]]]) -> str:
    """Return the text with the sections set and everything else unchanged.

    Each section is (the keys that are not the default, all keys): a key that the text sets to its
    default stays. Raises CommandError for null, which TOML does not have.
    """
    document: Any = tomlkit.parse(text)
    for name, (wanted, effective) in sections.items():
        _require_no_null(wanted, name)
        if not wanted:
            document.pop(name, None)
        elif name in document:
            _merge(document[name], wanted, effective)
        else:
            document[name] = wanted
    found: str = tomlkit.dumps(document)
    return found


def _merge(table: Any, wanted: dict[str, Any], effective: dict[str, Any]) -> None:
    present = table.unwrap()
    for key, value in present.items():
        if key not in wanted and value != effective.get(key):
            del table[key]
    for key, value in wanted.items():
        if isinstance(value, dict) and isinstance(present.get(key), dict):
            _merge(table[key], value, effective[key])
        elif key not in present or present[key] != value:
            table[key] = value


def _require_no_null(value: Any, place: str) -> None:
    if value is None:
        raise CommandError(
            f"{place} is null in Parameter Store, and TOML has no null: leave the key out with "
            f"`wharf config put {place.split('.')[0]} FILE`"
        )
    children = value.items() if isinstance(value, dict) else ()
    for key, one in enumerate(value) if isinstance(value, list) else children:
        _require_no_null(one, f"{place}.{key}")
