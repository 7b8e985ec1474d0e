"""``modelwharf.toml``: its schema, and the project that it names."""

import json
from pathlib import Path

import jsonschema
import pytest

from modelwharf.contracts.configured_project import configured_project
from modelwharf.contracts.parameters import SECTIONS
from modelwharf.contracts.project_file import SCHEMA, schema_text


def test_the_published_schema_is_what_the_models_say() -> None:
    assert SCHEMA.read_text("utf-8") == schema_text(), (
        "run `python -m modelwharf.contracts.project_file`"
    )


def test_an_editor_takes_what_a_release_takes_and_no_more() -> None:
    schema = json.loads(SCHEMA.read_text("utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    editor = jsonschema.Draft7Validator(schema)

    good = {"project": "tea", "deployment": {"approval": "manual"}, "training": {"volume_gb": 2}}
    assert editor.is_valid(good)
    assert set(schema["properties"]) == {"project", *SECTIONS}
    faults: tuple[dict[str, object], ...] = (
        {"project": "Tea Shop"},
        {"trainin": {}},
        {"training": {"volume_gb": 0}},
        {"deployment": {"approval": "maybe"}},
    )
    for wrong in faults:
        assert not editor.is_valid(wrong), wrong


def test_the_project_is_found_from_a_folder_below(tmp_path: Path) -> None:
    (tmp_path / "modelwharf.toml").write_text('project = "tea"\n[nonsense]\n')
    below = tmp_path / "train" / "deep"
    below.mkdir(parents=True)

    assert configured_project(below) == "tea"


def test_the_search_ends_at_the_repository_s_root(tmp_path: Path) -> None:
    (tmp_path / "modelwharf.toml").write_text('project = "tea"\n')
    (tmp_path / "other" / ".git").mkdir(parents=True)

    assert configured_project(tmp_path / "other") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('project = "Tea Shop"', "use 2 to 30 lower-case letters"),
        ("project = 3", "use 2 to 30 lower-case letters"),
        ("project =", "Invalid value"),
        ("project = '\xe9'", "utf-8"),
    ],
)
def test_a_project_that_cannot_be_read_names_the_file(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "modelwharf.toml"
    file.write_text(text, encoding="latin-1")

    with pytest.raises(ValueError, match=said) as caught:
        configured_project(tmp_path)
    assert str(caught.value).startswith(f"{file}: ")
