"""``wharf config pull``: what it writes into the file, and what it leaves there."""

import json
import tomllib
from pathlib import Path

import pytest

from modelwharf.contracts.parameters import Parameters
from modelwharf.contracts.project_file import SCHEMA
from tests.unit.cli.conftest import Terminal
from tests.unit.cli.projects import commit, write

ROOT = "/modelwharf/oil-price"
COMMENTED = """\
# Ours.
project = "oil-price"  # the only one

[training]
volume_gb = 10  # the default, on purpose
instance_count = 2  # two
max_runtime_seconds = 60

[quality]  # strict
rules = []
"""


def store(terminal: Terminal, section: str, **values: object) -> None:
    terminal.cloud.parameters.values[f"{ROOT}/{section}"] = json.dumps(values)


def file_of(project: Path) -> str:
    return (project / "modelwharf.toml").read_text()


def test_a_new_file_holds_what_is_not_the_default(terminal: Terminal, project: Path) -> None:
    store(terminal, "training", volume_gb=10, hyperparameters={"a b": 1.5, "s": 'é"\\'})
    store(terminal, "quality", rules=[{"metric": "m", "minimum": 0.0, "if_measured": False}])
    store(terminal, "data", inputs={"iris": {"key": "iris.csv"}}, options={"x": {"y": [1, []]}})

    result = terminal.wharf("config", "pull")

    assert result.stdout == "wrote modelwharf.toml: data, training, quality\n"
    assert file_of(project).startswith("#:schema .wharf/modelwharf.schema.json\n")
    assert tomllib.loads(file_of(project)) == {
        "project": "oil-price",
        "training": {"hyperparameters": {"a b": 1.5, "s": 'é"\\'}},
        "quality": {"rules": [{"metric": "m", "minimum": 0.0}]},
        "data": {"inputs": {"iris": {"key": "iris.csv"}}, "options": {"x": {"y": [1, []]}}},
    }
    assert terminal.wharf("config", "diff").exit_code == 0
    schema = project / ".wharf" / "modelwharf.schema.json"
    assert schema.read_text() == SCHEMA.read_text()


def test_comments_and_what_is_the_same_stay(terminal: Terminal, project: Path) -> None:
    commit(project, COMMENTED)
    store(terminal, "training", instance_count=3)
    store(terminal, "quality", rules=[])

    assert terminal.json("config", "pull") == {"file": "modelwharf.toml", "sections": ["training"]}
    assert file_of(project) == COMMENTED.replace(
        "instance_count = 2", "instance_count = 3"
    ).replace("max_runtime_seconds = 60\n", "")


def test_a_section_without_a_parameter_leaves_the_file(terminal: Terminal, project: Path) -> None:
    commit(project, COMMENTED)
    store(terminal, "training", instance_count=2, max_runtime_seconds=60)

    assert terminal.wharf("config", "pull").stdout == "wrote modelwharf.toml: quality\n"
    assert "quality" not in tomllib.loads(file_of(project))


def test_what_no_commit_holds_is_not_lost(terminal: Terminal, project: Path) -> None:
    commit(project, COMMENTED)
    mine = COMMENTED.replace("instance_count = 2", "instance_count = 4")
    write(project, mine)
    store(terminal, "training", instance_count=3)

    refused = terminal.wharf("config", "pull")

    assert refused.exit_code == 1
    assert "modelwharf.toml has changes of training" in refused.stderr
    assert file_of(project) == mine
    assert terminal.wharf("config", "pull", "--overwrite").exit_code == 0
    assert "instance_count = 3  # two" in file_of(project)


def test_what_was_pulled_may_be_changed_and_applied(terminal: Terminal, project: Path) -> None:
    store(terminal, "training", instance_count=3)
    terminal.wharf("config", "pull")
    write(project, file_of(project).replace("instance_count = 3", "instance_count = 4"))

    assert terminal.wharf("config", "apply", "--yes").exit_code == 0
    store(terminal, "training", instance_count=5)
    assert terminal.wharf("config", "pull").exit_code == 0
    assert "instance_count = 5" in file_of(project)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("training.instance_count = 2\n[quality]\nrules = []\n", 3),
        (
            "[training.hyperparameters]\na = 1\n[quality]\nrules = []\n[training]\nvolume_gb = 9\n",
            3,
        ),
        ("training = { instance_count = 2 }\r\n", 3),
        ("[[training.metric_definitions]]\nname = 'a'\nregex = '(b)'\n", 3),
    ],
)
def test_every_way_to_write_a_section_is_edited(
    terminal: Terminal, project: Path, text: str, count: int
) -> None:
    write(project, text)
    store(terminal, "training", instance_count=count, hyperparameters={"b": 1})
    store(terminal, "data", inputs={"iris": {"key": "iris.csv"}})

    result = terminal.wharf("config", "pull", "--overwrite")

    assert result.exit_code == 0, result.output
    assert terminal.wharf("config", "diff").exit_code == 0


def test_null_is_reported_with_its_key(terminal: Terminal, project: Path) -> None:
    store(terminal, "data", options={"a": [1, None]})

    result = terminal.wharf("config", "pull")

    assert result.exit_code == 1
    assert "data.options.a.1 is null in Parameter Store, and TOML has no null" in result.stderr
    assert [path.name for path in project.iterdir()] == []


@pytest.mark.parametrize("broken", ["file", "parameter"])
def test_what_cannot_be_read_writes_nothing(terminal: Terminal, project: Path, broken: str) -> None:
    text = "[training]\nvolume_gb = 0\n" if broken == "file" else "# mine\n"
    write(project, text)
    store(terminal, "quality", **({} if broken == "file" else {"rule": []}))

    result = terminal.wharf("config", "pull", "--overwrite")

    assert result.exit_code == 1
    assert ("volume_gb is 0" if broken == "file" else "unknown key 'rule'") in result.stderr
    assert file_of(project) == text


def test_every_section_can_be_written_whole(terminal: Terminal, project: Path) -> None:
    """Each default, said aloud, with one key of each section that is not."""
    whole = Parameters().model_dump(mode="json", exclude_none=True)
    whole["source"]["branch"] = "trunk"
    whole["deployment"]["probe"] = {"content_type": "text/csv", "body": "1,2\n"}
    for section, values in whole.items():
        store(terminal, section, **values)

    assert terminal.wharf("config", "pull").exit_code == 0
    assert set(tomllib.loads(file_of(project))) == {"project", "source", "deployment"}
    assert terminal.wharf("config", "diff").exit_code == 0
