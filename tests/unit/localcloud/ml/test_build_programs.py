"""The programs that builds find first on their path."""

from pathlib import Path

from localcloud.cloud import Cloud
from localcloud.codebuild.shell import write_programs


def test_a_program_that_another_build_runs_is_left_alone(tmp_path: Path) -> None:
    """Rewriting it in place makes the other build fail with "Text file busy"."""
    cloud = Cloud(directory=tmp_path, url="http://127.0.0.1:1", region="eu-west-1")
    docker = write_programs(cloud) / "docker"
    written = docker.stat()
    assert write_programs(cloud) / "docker" == docker
    assert (docker.stat().st_ino, docker.stat().st_mtime_ns) == (
        written.st_ino,
        written.st_mtime_ns,
    )


def test_a_program_of_another_environment_is_replaced(tmp_path: Path) -> None:
    cloud = Cloud(directory=tmp_path, url="http://127.0.0.1:1", region="eu-west-1")
    docker = write_programs(cloud) / "docker"
    written = docker.read_text()
    docker.write_text("#!/bin/sh\nexec /gone/python\n")
    write_programs(cloud)
    assert docker.read_text() == written
