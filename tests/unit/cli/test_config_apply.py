"""``wharf config apply``: what it writes, and what it leaves unchanged."""

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from modelwharf.cli.commands.config.apply import ask
from tests.unit.cli.conftest import Terminal
from tests.unit.cli.projects import commit, write

ROOT = "/modelwharf/oil-price"
TRAINING = f"{ROOT}/training"
TWO = "[training]\ninstance_count = 2\n"


def instances(terminal: Terminal) -> object:
    return json.loads(terminal.cloud.parameters.values[TRAINING]).get("instance_count")


def test_the_sections_that_differ_are_shown_and_written(terminal: Terminal, project: Path) -> None:
    write(project, f"{TWO}[deployment]\napproval = 'automatic'\n")

    result = terminal.wharf("config", "apply", "--yes")

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"{TRAINING} (no parameter)",
        "  training.instance_count: 1 (default) -> 2",
        f"wrote {TRAINING} version 1",
        "the next release reads it: wharf start",
    ]
    assert terminal.cloud.parameters.values == {TRAINING: '{"instance_count":2}'}


def test_a_second_time_there_is_nothing_to_write(terminal: Terminal, project: Path) -> None:
    write(project, TWO)
    terminal.wharf("config", "apply", "--yes")

    result = terminal.wharf("config", "apply")

    assert (result.exit_code, result.stdout) == (0, "Parameter Store has what the file says\n")
    assert terminal.cloud.parameters.versions == {TRAINING: 1}


def test_a_program_is_told_what_was_written(terminal: Terminal, project: Path) -> None:
    write(project, TWO)

    answer = terminal.json("config", "apply", "--yes")

    assert answer["written"] == [{"section": "training", "path": TRAINING, "version": 1}]
    assert [one["section"] for one in answer["changes"]] == ["training"]


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_where_nobody_can_be_asked_yes_is_needed(
    terminal: Terminal, project: Path, words: tuple[str, ...]
) -> None:
    write(project, TWO)

    result = terminal.wharf("config", "apply", *words)

    assert result.exit_code == 2
    assert "add --yes" in result.stderr
    assert terminal.cloud.parameters.values == {}


def test_on_a_terminal_no_is_no() -> None:
    with CliRunner().isolation(input="n\n"), pytest.raises(click.Abort):
        ask("Write?", terminal=True)
    with CliRunner().isolation(input="y\n"):
        ask("Write?", terminal=True)


def test_what_somebody_else_set_is_not_replaced(terminal: Terminal, project: Path) -> None:
    commit(project, TWO)
    terminal.cloud.parameters.values[TRAINING] = '{"instance_count": 5}'

    result = terminal.wharf("config", "apply", "--yes")

    assert result.exit_code == 1
    assert "training.instance_count: 5 -> 2" in result.stdout
    assert "nothing was written" in result.stderr
    assert (
        f"{TRAINING}: version 1, written by arn:aws:iam::123456789012:user/eve at " in result.stderr
    )
    assert instances(terminal) == 5
    assert terminal.wharf("config", "apply", "--yes", "--overwrite").exit_code == 0
    assert instances(terminal) == 2


def test_what_an_earlier_commit_says_is_replaced_from_any_checkout(
    terminal: Terminal, project: Path
) -> None:
    commit(project, TWO)
    commit(project, "[training]\ninstance_count = 3\n")
    terminal.cloud.parameters.values[TRAINING] = '{"instance_count": 2}'

    assert terminal.wharf("config", "apply", "--yes").exit_code == 0
    assert instances(terminal) == 3


def test_what_was_applied_here_last_is_replaced_without_a_commit(
    terminal: Terminal, project: Path
) -> None:
    write(project, TWO)
    terminal.wharf("config", "apply", "--yes")
    write(project, "[training]\ninstance_count = 3\n")

    assert terminal.wharf("config", "apply", "--yes").exit_code == 0
    assert instances(terminal) == 3


def test_what_was_applied_here_before_somebody_else_is_not_known(
    terminal: Terminal, project: Path
) -> None:
    write(project, TWO)
    terminal.wharf("config", "apply", "--yes")
    terminal.cloud.parameters.values[TRAINING] = '{"instance_count": 5}'
    write(project, "[training]\ninstance_count = 3\n")

    assert terminal.wharf("config", "apply", "--yes").exit_code == 1


def test_a_parameter_that_cannot_be_read_is_not_the_user_s_to_mend(
    terminal: Terminal, project: Path
) -> None:
    write(project, TWO)
    terminal.cloud.parameters.values[TRAINING] = '{"instance_cont": 5}'

    assert terminal.wharf("config", "apply", "--yes").exit_code == 1
    assert terminal.wharf("config", "apply", "--yes", "--overwrite").exit_code == 0


def test_a_section_that_left_the_file_has_its_defaults_again(
    terminal: Terminal, project: Path
) -> None:
    write(project, TWO)
    terminal.wharf("config", "apply", "--yes")
    write(project, "")

    assert terminal.wharf("config", "apply", "--yes").exit_code == 0
    assert terminal.cloud.parameters.values == {TRAINING: "{}"}


def test_a_file_with_a_fault_writes_nothing(terminal: Terminal, project: Path) -> None:
    write(project, f"{TWO}[quality]\nrule = []\n")

    result = terminal.wharf("config", "apply", "--yes", "--overwrite")

    assert result.exit_code == 1
    assert "modelwharf.toml:4: unknown key 'quality.rule'" in result.stderr
    assert terminal.cloud.parameters.values == {}


def test_a_write_in_the_same_second_is_reported(terminal: Terminal, project: Path) -> None:
    write(project, TWO)

    def another(name: str) -> None:
        terminal.cloud.parameters.versions[name] = 1

    terminal.cloud.parameters.on_put = another

    result = terminal.wharf("config", "apply", "--yes")

    assert result.exit_code == 1
    assert f"{TRAINING}: another person wrote version 1 meanwhile" in result.stderr
