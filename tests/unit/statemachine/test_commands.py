"""``python -m statemachine``: each command in a process of its own, as people run it.

The SDK changes the process that imports it, so no test imports it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import yaml

ROOT = Path(__file__).parents[3]
DEFINITION = ROOT / "statemachine" / "release.asl.json"


def python(*arguments: str, root: Path = ROOT, **environment: str) -> tuple[int, str, str]:
    """Run Python as somebody without AWS; return exit code, output and error output."""
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
    author = {"AWS_DEFAULT_REGION": "cn-north-1", "AWS_PROFILE": "gone"}
    assert python("-m", "statemachine", "check", **author) == (0, "", "")


def test_a_file_that_differs_is_named_and_written_anew(tmp_path: Path) -> None:
    room = tmp_path / "statemachine"
    room.mkdir()
    for source in (ROOT / "statemachine").iterdir():
        if source.is_file():
            (room / source.name).write_bytes(source.read_bytes())
    committed = room / "release.asl.json"
    committed.write_text(committed.read_text().replace('"MaxAttempts": 5', '"MaxAttempts": 6'))
    program = (
        "from statemachine.__main__ import main; "
        "print([main([command]) for command in ('check', 'write', 'check')])"
    )
    code, output, errors = python("-c", program, root=tmp_path)
    assert (code, output) == (0, "[1, 0, 0]\n")
    assert str(committed) in errors
    assert "python -m statemachine write" in errors
    assert committed.read_bytes() == DEFINITION.read_bytes()
    assert committed.read_bytes().endswith(b"}\n")


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
    assert len(states) == 18
    assert states <= texts
    assert "<script" not in picture


def test_the_sdks_own_template_is_a_machine_with_every_function_filled_in() -> None:
    place = ("--account", "111122223333", "--region", "eu-north-1")
    code, output, errors = python("-m", "statemachine", "cloudformation", *place)
    assert (code, errors) == (0, "")
    (resource,) = yaml.safe_load(output)["Resources"].values()
    assert resource["Type"] == "AWS::StepFunctions::StateMachine"
    assert resource["Properties"]["StateMachineName"] == "modelwharf-oil-price-release"
    text = resource["Properties"]["DefinitionString"]
    assert "${" not in text
    train = json.loads(text)["States"]["Train"]["Parameters"]["FunctionName"]
    assert train == (
        "arn:aws:lambda:eu-north-1:111122223333:function:modelwharf-oil-price-train-model"
    )


def test_importing_the_sdk_leaves_the_process_as_it_was() -> None:
    program = (
        "import logging, sys; hook = sys.excepthook; level = logging.getLogger().level; "
        "import statemachine.sdk; "
        "assert sys.excepthook is hook and logging.getLogger().level == level"
    )
    assert python("-c", program) == (0, "", "")
