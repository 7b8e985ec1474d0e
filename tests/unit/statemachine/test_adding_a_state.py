"""docs/adding-a-state.md, done: the sample state is added to a copy of the repository."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CHANGE = ROOT / "docs" / "adding-a-state.diff"
COPIED = ("modelwharf", "lambdas", "infra", "statemachine", "tests", "docs", "pyproject.toml")
# Bytecode is copied, which saves compiling everything anew; not what is being written just now.
LEFT_OUT = shutil.ignore_patterns("*.pyc.*", "cdk.out")
TESTS = (
    "tests/unit/contracts/test_states.py",
    "tests/unit/lambdas/test_check_bias.py",
    "tests/unit/lambdas/test_handlers.py",
    "tests/unit/statemachine/test_release.py",
    "tests/unit/cli/selftest/test_observations.py",
)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with the change, and what the commands of the page write."""
    folder = tmp_path_factory.mktemp("repository")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=LEFT_OUT)
        else:
            shutil.copy(source, folder / name)
    subprocess.run(["git", "apply", str(CHANGE)], cwd=folder, check=True)
    python(folder, "-m", "statemachine", "write")
    return folder


def python(folder: Path, *words: str) -> str:
    """Run Python in the copy, which stands before everything that is installed."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_a_state_is_at_most_five_files_its_test_included() -> None:
    touched = re.findall(r"^\+\+\+ b/(.+)$", CHANGE.read_text(), re.MULTILINE)
    assert "tests/unit/lambdas/test_check_bias.py" in touched
    assert len(touched) <= 5


def test_the_workflow_follows_the_table(repository: Path) -> None:
    machine = json.loads((repository / "statemachine" / "release.asl.json").read_text())
    state = machine["States"]["CheckBias"]
    assert machine["States"]["CheckQuality"]["Next"] == "CheckBias"
    assert state["Next"] == "Register"
    assert state["Catch"][0]["Next"] == "RollBack"
    assert state["Parameters"]["FunctionName"] == "${CheckBiasFunctionArn}"


def test_the_functions_follow_it_and_may_call_nothing(repository: Path) -> None:
    program = (
        "from infra.functions import FUNCTIONS\n"
        "print([(f.construct_id, f.in_release) for f in FUNCTIONS if f.module == 'check_bias'])"
    )
    assert python(repository, "-c", program) == "[('CheckBias', True)]\n"


def test_the_tests_of_the_tables_and_of_the_state_pass(repository: Path) -> None:
    told = python(repository, "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS)
    assert " passed" in told
