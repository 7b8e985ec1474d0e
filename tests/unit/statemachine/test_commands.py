"""``python -m statemachine``, as people run it.

The SDK changes the process that imports it, so no test imports it; a process takes seconds to.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from modelwharf.contracts.states import every_state

ROOT = Path(__file__).parents[3]
DEFINITION = ROOT / "statemachine" / "release.asl.json"


def python(*arguments: str, root: Path = ROOT, **environment: str) -> tuple[int, str, str]:
    """Run Python without AWS credentials; return exit code, output and error output."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=root,
        env={**clean, "HOME": str(root / "nobody"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_the_committed_file_is_what_the_workflow_says_wherever_it_is_asked() -> None:
    """Byte for byte, whatever the author's region and profile; the SDK is silent about it."""
    done = python(
        *("-m", "statemachine", "check"), AWS_DEFAULT_REGION="cn-north-1", AWS_PROFILE="gone"
    )
    assert done == (0, "", "")


PROGRAM = """
import contextlib, io, json, logging, sys
from statemachine.__main__ import main
hook, level = sys.excepthook, logging.getLogger().level
ended = []
for command in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()) as said:
        ended.append((main(command), said.getvalue()))
untouched = sys.excepthook is hook and logging.getLogger().level == level
print(json.dumps([ended, untouched]))
"""
PLACE = ("--account", "111122223333", "--region", "eu-north-1")


@dataclass(frozen=True)
class Author:
    """A checkout whose committed file differs, and the result of the commands there."""

    committed: Path
    codes: list[int]
    template: str
    errors: str
    process_untouched: bool


@pytest.fixture(scope="module")
def author(tmp_path_factory: pytest.TempPathFactory) -> Author:
    root = tmp_path_factory.mktemp("checkout")
    room = root / "statemachine"
    room.mkdir()
    for source in (ROOT / "statemachine").iterdir():
        if source.is_file():
            (room / source.name).write_bytes(source.read_bytes())
    committed = room / "release.asl.json"
    committed.write_text(committed.read_text().replace('"MaxAttempts": 5', '"MaxAttempts": 6'))
    commands = [["check"], ["write"], ["check"], ["cloudformation", *PLACE]]
    code, output, errors = python("-c", PROGRAM, json.dumps(commands), root=root)
    assert code == 0, errors
    ended, untouched = json.loads(output)
    return Author(committed, [one for one, _ in ended], ended[-1][1], errors, untouched)


def test_a_file_that_differs_is_named_and_written_anew(author: Author) -> None:
    assert author.codes[:3] == [1, 0, 0]
    assert author.errors == (
        f"{author.committed} is not what statemachine/workflow.py says. "
        "Type: python -m statemachine write\n"
    )
    assert author.committed.read_bytes() == DEFINITION.read_bytes()
    assert author.committed.read_bytes().endswith(b"}\n")


def test_the_picture_of_the_documentation_is_current(tmp_path: Path) -> None:
    drawn = tmp_path / "release.svg"
    assert python("-m", "statemachine", "graph", str(drawn)) == (0, "", "")
    assert drawn.read_text() == (ROOT / "docs" / "release.svg").read_text()


def test_the_picture_shows_every_state_and_runs_nothing() -> None:
    picture = (ROOT / "docs" / "release.svg").read_text()
    elements = ElementTree.fromstring(picture).iter()  # noqa: S314  our own text
    texts = {element.text for element in elements}
    machine = json.loads(DEFINITION.read_text())
    branches = machine["States"]["BuildImages"]["Branches"]
    states = {name for part in (machine, *branches) for name in part["States"]}
    assert {state.name for state in every_state()} < states
    assert states <= texts
    assert "<script" not in picture


def test_the_sdks_own_template_is_a_machine_with_every_function_filled_in(author: Author) -> None:
    assert author.codes[3] == 0
    (resource,) = yaml.safe_load(author.template)["Resources"].values()
    assert resource["Type"] == "AWS::StepFunctions::StateMachine"
    assert resource["Properties"]["StateMachineName"] == "modelwharf-oil-price-release"
    text = resource["Properties"]["DefinitionString"]
    assert "${" not in text
    train = json.loads(text)["States"]["Train"]["Parameters"]["FunctionName"]
    assert train == (
        "arn:aws:lambda:eu-north-1:111122223333:function:modelwharf-oil-price-train-model"
    )


def test_importing_the_sdk_leaves_the_process_as_it_was(author: Author) -> None:
    assert author.process_untouched
