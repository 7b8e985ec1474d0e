"""Help: what a person reads first."""

import subprocess
import sys
from pathlib import Path
from pkgutil import iter_modules

import click
import pytest

from modelwharf.cli import commands
from modelwharf.cli.command_table import ENTRIES, Entry
from modelwharf.cli.main import wharf
from modelwharf.cli.reference import contexts, reference
from tests.unit.cli.conftest import Terminal

ROOT = Path(__file__).resolve().parents[3]
RUN = "from modelwharf.cli.main import wharf; wharf(%r.split(), standalone_mode=False)"
COMMANDS = {context.command_path: context.command for context in contexts(wharf)}


def test_the_reference_is_what_the_commands_say() -> None:
    documented = (ROOT / "docs" / "wharf.md").read_text()

    assert documented == reference(), "run `python -m modelwharf.cli.reference > docs/wharf.md`"


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


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_the_overview_says_what_the_command_says_of_itself(entry: Entry) -> None:
    command = entry.load()

    assert command.name == entry.name
    assert command.get_short_help_str(limit=200) == entry.help


def test_the_overview_lists_every_module_of_commands_whole(terminal: Terminal) -> None:
    listed = terminal.wharf("--help").stdout.split("Commands:\n")[1].splitlines()

    assert [line.split(maxsplit=1)[1] for line in listed] == [entry.help for entry in ENTRIES]
    modules = {one.name for one in iter_modules(commands.__path__)}
    assert {line.split()[0] for line in listed} == modules


@pytest.mark.parametrize(
    "code", ["import modelwharf; modelwharf.__version__", RUN % "--help", RUN % "--version"]
)
def test_the_overview_and_the_version_import_one_package(code: str) -> None:
    """A test of time would depend on the machine: boto3, pydantic and the engines take seconds."""
    assert imported(code) <= {"click", "modelwharf"}


@pytest.mark.parametrize("words", ["up", "env", "down"])
def test_a_command_that_asks_no_service_imports_no_client_and_no_engine(words: str) -> None:
    """`wharf up` and `wharf env` are typed first, and take a second less."""
    assert not imported(RUN % f"{words} --help") & {"boto3", "docker", "moto"}


def imported(code: str) -> set[str]:
    """Return the packages outside the standard library that the code imports, in a new Python."""
    begin = "import sys; before = {*sys.modules}"
    names = "{name.split('.')[0] for name in {*sys.modules} - before}"
    end = f"print('\\n' + ' '.join({names} - sys.stdlib_module_names))"
    program = [sys.executable, "-c", f"{begin}\n{code}\n{end}"]
    told = subprocess.run(program, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return set(told.splitlines()[-1].split())


def test_commands_are_listed_in_the_order_of_use(terminal: Terminal) -> None:
    listed = terminal.wharf("--help").stdout.split("Commands:\n")[1].splitlines()

    names = [line.split()[0] for line in listed]
    assert names[:6] == ["init", "up", "env", "push", "start", "releases"]


def test_a_wrong_word_is_wrong_usage(terminal: Terminal) -> None:
    result = terminal.wharf("relaeses")

    assert result.exit_code == 2
    assert "No such command" in result.stderr
