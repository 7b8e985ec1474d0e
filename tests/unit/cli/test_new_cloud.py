"""What a new cloud gets of the project's folder: what it lacks, and nothing twice."""

from pathlib import Path

import pytest

from modelwharf.cli.known_sections import KnownSections
from modelwharf.cli.new_cloud import put_missing
from modelwharf.contracts.parameters import Quality, QualityRule
from modelwharf.contracts.project_file import SCHEMA, ProjectFile
from tests.unit.cli.fakes import FakeCloud

CONTENT = ProjectFile.model_validate(
    {
        "project": "oil-price",
        "data": {"prepare": False, "inputs": {"table": {"key": "data/table.csv"}}},
        "quality": {"rules": []},
    }
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "table.csv").write_text("a,b\n1,2\n")
    return tmp_path


def put(cloud: FakeCloud, folder: Path) -> list[str]:
    return list(put_missing(cloud.services(), CONTENT, folder))


def test_sections_of_the_file_and_the_inputs_files_are_put(folder: Path) -> None:
    cloud = FakeCloud()

    told = put(cloud, folder)

    assert [line.partition(",")[0].rpartition("/")[2] for line in told] == [
        "data",
        "quality",
        "table.csv",
    ]
    stored = cloud.services().client("ssm").get_parameter(Name="/modelwharf/oil-price/quality")
    assert stored["Parameter"]["Value"] == '{"rules": []}'


def test_what_is_there_already_is_left(folder: Path) -> None:
    cloud = FakeCloud()
    put(cloud, folder)
    (folder / "data" / "table.csv").write_text("changed")

    assert put(cloud, folder) == []


def test_an_input_without_a_file_in_the_folder_is_reported(tmp_path: Path) -> None:
    *_, last = put(FakeCloud(), tmp_path)

    assert last.endswith("there is no data/table.csv; upload one: wharf data put table FILE")


def test_what_was_put_may_be_replaced_from_this_folder(folder: Path) -> None:
    put(FakeCloud(), folder)

    known = KnownSections(folder / "modelwharf.toml")
    assert known.knows("quality", CONTENT.quality)
    assert not known.knows("quality", Quality(rules=(QualityRule(metric="m", minimum=1.0),)))


def test_an_editor_finds_the_schema(folder: Path) -> None:
    put(FakeCloud(), folder)

    assert (folder / ".wharf" / SCHEMA.name).read_text() == SCHEMA.read_text()
