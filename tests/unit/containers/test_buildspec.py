"""The buildspec's commands, run by bash as CodeBuild runs them, with programs that write down."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts.parameters import Source

ROOT = Path(__file__).parents[3]
SPEC: dict[str, Any] = yaml.safe_load((ROOT / "containers" / "buildspec.yml").read_text())
URI = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/modelwharf/oil-price/training:src-1"
IMAGE = Source().training_image

AWS = """#!/bin/sh
echo "aws $*" >> "$CALLS"
[ "$FAILS" = aws ] && exit 1
echo secret
"""
DOCKER = """#!/bin/sh
[ "$1" = login ] && password=$(cat)
echo "docker $* $password" >> "$CALLS"
[ "$FAILS" = "$1" ] && exit 1
exit 0
"""


class Build:
    """A checkout with unrelated files in it, and the programs that the buildspec calls."""

    def __init__(self, folder: Path) -> None:
        self.source = folder / "src"
        self.calls_file = folder / "calls"
        self.programs = folder / "bin"
        self.programs.mkdir()
        for name, text in (("aws", AWS), ("docker", DOCKER)):
            (self.programs / name).write_text(text)
            (self.programs / name).chmod(0o755)
        for path in ("contracts/a.py", "training/deep/b.py", "README.md", IMAGE.dockerfile):
            (self.source / path).parent.mkdir(parents=True, exist_ok=True)
            (self.source / path).write_text(path)

    def run(self, *, fails: str = "") -> dict[str, bool]:
        """Phase → succeeded. As CodeBuild: post_build follows a build that was begun."""
        results: dict[str, bool] = {}
        for phase in ("pre_build", "build", "post_build"):
            if phase != "pre_build" and not results["pre_build"]:
                break
            results[phase] = self._phase(phase, all(results.values()), fails)
        return results

    def _phase(self, phase: str, succeeding: bool, fails: str) -> bool:
        commands = SPEC["phases"][phase]["commands"]
        environment = {
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "CALLS": str(self.calls_file),
            "FAILS": fails,
            "AWS_REGION": "eu-west-1",
            "CODEBUILD_BUILD_SUCCEEDING": "1" if succeeding else "0",
            "IMAGE_URI": URI,
            "IMAGE_DOCKERFILE": IMAGE.dockerfile,
            "IMAGE_INPUTS": " ".join(IMAGE.inputs),
            "BASE_IMAGE": "python:3.12-slim",
            "PLATFORM": "linux/amd64",
        }
        script = "\n".join(["set -eu", *commands])
        done = subprocess.run(
            ["bash", "-c", script], cwd=self.source, env=environment, timeout=60, check=False
        )
        return done.returncode == 0

    @property
    def calls(self) -> list[str]:
        return [line.strip() for line in self.calls_file.read_text().splitlines()]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    return Build(tmp_path)


def test_the_image_is_built_and_pushed_under_its_name(build: Build) -> None:
    assert build.run() == {"pre_build": True, "build": True, "post_build": True}
    registry = URI.partition("/")[0]
    assert build.calls == [
        "aws ecr get-login-password --region eu-west-1",
        f"docker login --username AWS --password-stdin {registry} secret",
        "docker build --platform linux/amd64 --build-arg BASE_IMAGE=python:3.12-slim "
        "--provenance=false --output type=image,oci-mediatypes=false "
        f"--file .image-context/{IMAGE.dockerfile} --tag {URI} .image-context",
        f"docker push {URI}",
    ]


def test_the_context_holds_the_inputs_and_nothing_else(build: Build) -> None:
    build.run()
    context = build.source / ".image-context"
    files = {str(path.relative_to(context)) for path in context.rglob("*") if path.is_file()}
    assert files == {"contracts/a.py", "training/deep/b.py", IMAGE.dockerfile}


def test_an_image_that_does_not_build_is_not_pushed(build: Build) -> None:
    assert build.run(fails="build") == {"pre_build": True, "build": False, "post_build": True}
    assert not [call for call in build.calls if call.startswith("docker push")]


@pytest.mark.parametrize("program", ["login", "push"])
def test_a_failing_program_fails_its_phase(build: Build, program: str) -> None:
    results = build.run(fails=program)
    assert not all(results.values())


def test_a_missing_input_fails_the_build(build: Build) -> None:
    (build.source / "contracts" / "a.py").unlink()
    (build.source / "contracts").rmdir()
    assert build.run()["build"] is False
    assert not [call for call in build.calls if call.startswith("docker build")]
