"""``wharf config check`` and what other commands take from ``modelwharf.toml``."""

import json
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest
from click.testing import CliRunner

from modelwharf.cli.main import wharf
from modelwharf.contracts.project_file import SCHEMA
from tests.unit.cli.conftest import Terminal
from tests.unit.cli.projects import write

SIX_FAULTS = """\
project = "Tea Shop"

[training]
instance_count = 0
hyperparamters = { depth = 3 }

[deployment]
approval = "maybe"

[[quality.rules]]
metric = "skill"

[data.options]
since = 2020-01-01
"""


def no_client(name: str) -> NoReturn:
    raise AssertionError(f"{name} was asked")


def test_six_faults_are_six_lines_of_one_answer(terminal: Terminal, project: Path) -> None:
    write(project, SIX_FAULTS)

    result = terminal.wharf("config", "check")

    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        'modelwharf.toml:1: project is "Tea Shop", but it should be 2 to 30 lower-case letters, '
        "digits and single inner hyphens, starting with a letter",
        "modelwharf.toml:4: training.instance_count is 0, but input should be greater than or "
        "equal to 1",
        "modelwharf.toml:5: unknown key 'training.hyperparamters'; allowed here: hyperparameters, "
        "instance_count, instance_type, max_runtime_seconds, metric_definitions, "
        "network_isolation, volume_gb; did you mean hyperparameters?",
        "modelwharf.toml:8: deployment.approval is \"maybe\", but input should be 'automatic' or "
        "'manual'",
        'modelwharf.toml:10: quality.rules.0 is {"metric": "skill"}, but a rule needs a minimum, a '
        "maximum or both",
        "modelwharf.toml:14: data.options.since is the date or time 2020-01-01; write it in "
        "quotes, as a string",
    ]


def test_a_program_gets_each_fault_in_parts(terminal: Terminal, project: Path) -> None:
    write(project, "[training]\nvolume_gb = 0\n")

    answer = terminal.json("config", "check", exit_code=1)

    assert answer["project"] is None
    assert answer["faults"] == [
        {
            "file": "modelwharf.toml",
            "line": 2,
            "column": None,
            "key": "training.volume_gb",
            "message": "training.volume_gb is 0, but input should be greater than or equal to 1",
        }
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            'project = "tea"\nquality = = 1\n',
            "modelwharf.toml:2:11: this is not TOML: invalid value",
        ),
        ("a = [\n  1,\n", "modelwharf.toml:2:5: this is not TOML: "),
    ],
)
def test_what_is_not_toml_has_line_and_column(
    terminal: Terminal, project: Path, text: str, said: str
) -> None:
    write(project, text)

    assert terminal.wharf("config", "check").stdout.startswith(said)


def test_a_file_without_fault_asks_no_service(terminal: Terminal, project: Path) -> None:
    write(project, 'project = "tea"\n[training]\nvolume_gb = 20\n[quality]\nrules = []\n')
    offline = replace(terminal.cloud.services(), client=no_client)

    result = CliRunner().invoke(wharf, ("config", "check"), obj=offline)

    assert (result.exit_code, result.stdout) == (
        0,
        "modelwharf.toml: project tea, sets training, quality; no fault found\n",
    )


def test_a_file_by_another_name_is_checked(terminal: Terminal, project: Path) -> None:
    (project / "other.toml").write_text("quality = 1\n")

    result = terminal.wharf("config", "check", "other.toml")

    assert result.stdout == "other.toml:1: quality is 1, but input should be an object\n"


def test_from_a_folder_below_the_file_is_named_as_it_is_reached(
    terminal: Terminal, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, "quality = 1\n")
    (project / "train").mkdir()
    monkeypatch.chdir(project / "train")

    assert terminal.wharf("config", "check").stdout.startswith("../modelwharf.toml:1: ")


def test_no_file_is_not_a_traceback(terminal: Terminal, project: Path) -> None:
    assert "there is no modelwharf.toml" in terminal.wharf("config", "check").stderr
    missing = terminal.wharf("config", "check", "gone.toml")
    assert "gone.toml cannot be read: No such file or directory" in missing.stderr


def test_a_file_that_windows_wrote_is_read(terminal: Terminal, project: Path) -> None:
    (project / "modelwharf.toml").write_bytes(
        b'\xef\xbb\xbfproject = "tea"\r\n\r\n[quality]\r\nrule = []\r\n'
    )

    assert terminal.wharf("config", "check").stdout.startswith("modelwharf.toml:4: unknown key")


def test_the_schema_is_printed(terminal: Terminal) -> None:
    assert json.loads(terminal.wharf("config", "schema").stdout) == json.loads(
        SCHEMA.read_text("utf-8")
    )


def test_other_commands_take_the_project_from_the_file(terminal: Terminal, project: Path) -> None:
    write(project, 'project = "tea"\n')

    assert "there is no stack modelwharf-tea" in terminal.wharf("releases").stderr
    assert terminal.wharf("releases", "--project", "oil-price").exit_code == 0


def test_the_variable_counts_more_than_the_file(
    terminal: Terminal, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, 'project = "tea"\n')
    monkeypatch.setenv("WHARF_PROJECT", "oil-price")

    assert terminal.wharf("releases").exit_code == 0


def test_a_file_whose_project_is_not_a_name_is_wrong_usage(
    terminal: Terminal, project: Path
) -> None:
    file = write(project, 'project = "Tea Shop"\n')

    result = terminal.wharf("releases")

    assert result.exit_code == 2
    assert f"Invalid value for modelwharf.toml: {file}: project name 'Tea Shop'" in result.stderr
    assert terminal.wharf("releases", "--project", "oil-price").exit_code == 0


def test_a_date_where_a_number_belongs_is_one_fault(terminal: Terminal, project: Path) -> None:
    write(project, "[training]\nvolume_gb = 2020-01-01\n")

    assert len(terminal.wharf("config", "check").stdout.splitlines()) == 1
