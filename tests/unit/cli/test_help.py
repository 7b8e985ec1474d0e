"""Help: what a person reads first."""

from pathlib import Path

import click
import pytest

from cli.main import wharf
from cli.reference import contexts, reference
from tests.unit.cli.conftest import Terminal

ROOT = Path(__file__).resolve().parents[3]
COMMANDS = {context.command_path: context.command for context in contexts(wharf)}


def test_the_reference_is_what_the_commands_say() -> None:
    documented = (ROOT / "docs" / "wharf.md").read_text()

    assert documented == reference(), "run `python -m cli.reference > docs/wharf.md`"


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_and_option_explains_itself(words: str) -> None:
    command = COMMANDS[words]

    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{words} {parameter.opts[0]} has no help"


@pytest.mark.parametrize(
    "words", [path for path, one in COMMANDS.items() if not isinstance(one, click.Group)]
)
def test_every_command_speaks_json(words: str) -> None:
    options = [option for parameter in COMMANDS[words].params for option in parameter.opts]

    assert "--json" in options


def test_every_line_of_the_overview_is_a_whole_sentence(terminal: Terminal) -> None:
    overview = terminal.wharf("--help").stdout

    listed = overview.split("Commands:\n")[1].splitlines()
    assert len(listed) == len(wharf.commands)
    assert [line for line in listed if line.endswith("...")] == []


def test_commands_are_listed_in_the_order_of_use(terminal: Terminal) -> None:
    listed = terminal.wharf("--help").stdout.split("Commands:\n")[1].splitlines()

    names = [line.split()[0] for line in listed]
    assert names[:6] == ["up", "env", "push", "start", "releases", "show"]


def test_a_wrong_word_is_wrong_usage(terminal: Terminal) -> None:
    result = terminal.wharf("relaeses")

    assert result.exit_code == 2
    assert "No such command" in result.stderr
