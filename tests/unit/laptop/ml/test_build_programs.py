"""The programs that builds find first on their path."""

import subprocess
from pathlib import Path

import pytest

from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.codebuild import shell
from modelwharf.laptop.own_engine import without_containers


def write_programs(directory: Path) -> Path:
    cloud = Cloud(directory=directory, url="http://127.0.0.1:1", region="eu-west-1")
    words = without_containers(cloud).docker(directory / "state").words
    return shell.write_programs(directory, words)


def test_a_program_that_another_build_runs_is_left_alone(tmp_path: Path) -> None:
    """Rewriting it in place makes the other build fail with "Text file busy"."""
    docker = write_programs(tmp_path) / "docker"
    written = docker.stat()
    assert write_programs(tmp_path) / "docker" == docker
    assert (docker.stat().st_ino, docker.stat().st_mtime_ns) == (
        written.st_ino,
        written.st_mtime_ns,
    )


def test_a_program_of_another_environment_is_replaced(tmp_path: Path) -> None:
    docker = write_programs(tmp_path) / "docker"
    written = docker.read_text()
    docker.write_text("#!/bin/sh\nexec /gone/python\n")
    write_programs(tmp_path)
    assert docker.read_text() == written


@pytest.mark.parametrize(("program", "package"), [("docker", "modelwharf"), ("aws", "awscli")])
def test_a_program_leaves_the_packages_of_the_checkout_alone(
    tmp_path: Path, program: str, package: str
) -> None:
    """Else they would stand in for ours, and their bytecode would go into the image."""
    path = write_programs(tmp_path) / program
    checkout = tmp_path / "checkout"
    (checkout / package).mkdir(parents=True)
    (checkout / package / "__init__.py").write_text("raise SystemExit(99)\n")
    ran = subprocess.run([path, "no-such-command"], cwd=checkout, capture_output=True, check=False)
    assert ran.returncode not in (0, 99)
    assert [one.name for one in (checkout / package).iterdir()] == ["__init__.py"]
