"""The template of two containers, from `wharf init` to an answer, typed as its README has it."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.containers.engines import ContainerEngine
from tests.waiting import patience

STEP = 600  # seconds that one command may take
ACTIVATE = 'eval "$(wharf env)" && '


class Project:
    """A user's project and the commands that they type in it."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self._environment = environment

    def type(self, line: str, place: Path | None = None) -> str:
        """Run a line of shell; return what it printed. An exit code other than 0 fails the test."""
        ran = subprocess.run(
            ["bash", "-c", line],
            cwd=place or self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=patience(STEP),
        )
        assert ran.returncode == 0, f"{line}\n{ran.stdout}\n{ran.stderr}"
        return ran.stdout


@pytest.fixture
def project(engine: ContainerEngine, tmp_path: Path) -> Iterator[Project]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "DOCKER_HOST": engine.address}
    made = Project(tmp_path / "my-model", {**environment, "DOCKER_HOST": engine.address})
    made.type("wharf init my-model --template container", tmp_path)
    yield made
    made.type("wharf down")


def test_a_new_project_of_two_containers_answers_after_one_push(project: Project) -> None:
    project.type("wharf up --engine docker")

    pushed = project.type(f"{ACTIVATE}wharf push --wait")
    answer = project.type(ACTIVATE + "wharf invoke " + shlex.quote('{"x": 12}'))

    assert " succeeded in " in pushed
    assert json.loads(answer)["y"] == pytest.approx(33.8347, abs=0.0001)
