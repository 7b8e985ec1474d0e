"""A stack of another version than the command line: said, with the command to type."""

import pytest

import modelwharf
from modelwharf.cli.errors import CommandError
from modelwharf.cli.stack_version import StackVersion
from tests.unit.cli.conftest import Terminal

OWN = modelwharf.__version__
NEWER = "99.0.0"


def test_a_stack_of_this_version_is_nothing_to_tell(terminal: Terminal) -> None:
    assert terminal.wharf("releases").stderr == ""


def test_an_older_command_line_that_the_stack_allows_says_so_and_goes_on(
    terminal: Terminal,
) -> None:
    terminal.cloud.outputs["ModelwharfVersion"] = NEWER

    result = terminal.wharf("releases")

    assert result.exit_code == 0
    assert result.stderr == (
        f"note: modelwharf-oil-price was deployed by modelwharf {NEWER}, and this `wharf` is "
        f"older, {OWN}: pip install modelwharf-{NEWER}-py3-none-any.whl\n"
    )


@pytest.mark.parametrize(
    "words", ["releases", "show", "push", "start", "invoke {}", "config show", "logs", "redrive"]
)
def test_a_stack_that_needs_a_newer_command_line_is_left_alone(
    terminal: Terminal, words: str
) -> None:
    terminal.cloud.outputs |= {"ModelwharfVersion": NEWER, "OldestReader": "98.1.0"}
    del terminal.cloud.outputs["LedgerTable"]  # a newer stack may have other outputs

    result = terminal.wharf(*words.split())

    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: modelwharf-oil-price was deployed by modelwharf {NEWER}, and needs `wharf` of "
        f"98.1.0 or newer; this is {OWN}: pip install modelwharf-{NEWER}-py3-none-any.whl\n"
    )


@pytest.mark.parametrize(
    ("outputs", "version"),
    [({"ModelwharfVersion": "0.0.9"}, "modelwharf 0.0.9"), ({}, "an older modelwharf")],
)
def test_an_older_stack_is_reported_with_what_deploys_it(
    terminal: Terminal, outputs: dict[str, str], version: str
) -> None:
    del terminal.cloud.outputs["ModelwharfVersion"], terminal.cloud.outputs["OldestReader"]
    terminal.cloud.outputs |= outputs

    result = terminal.wharf("releases")

    assert result.exit_code == 0
    assert result.stderr == (
        f"note: modelwharf-oil-price was deployed by {version}, and this `wharf` is newer, "
        f"{OWN}: bring the stack up to it with `wharf down && wharf up`\n"
    )


def test_json_stays_json(terminal: Terminal) -> None:
    terminal.cloud.outputs["OldestReader"] = NEWER

    told = terminal.json("releases", exit_code=1)

    assert f"needs `wharf` of {NEWER} or newer" in told["error"]


def test_versions_are_compared_as_numbers_and_a_trial_version_comes_before() -> None:
    assert StackVersion.of("s", {"ModelwharfVersion": "0.10.0"}, own="0.9.0").is_newer
    assert StackVersion.of("s", {"ModelwharfVersion": "0.10.0rc1"}, own="0.10.0").is_older


def test_a_stack_is_readable_by_the_oldest_reader_itself() -> None:
    StackVersion.of("s", {"OldestReader": "0.2.0"}, own="0.2.0").require_reader()
    with pytest.raises(CommandError):
        StackVersion.of("s", {"OldestReader": "0.2.0"}, own="0.2.0rc1").require_reader()
