"""One host of a job trains, and the others end well and write no model."""

import json
from pathlib import Path

import pytest

from training.hosts import training_host


def told(folder: Path, current: str, *hosts: str) -> Path:
    path = folder / "resourceconfig.json"
    path.write_text(json.dumps({"current_host": current, "hosts": hosts}))
    return path


def test_a_host_alone_trains(tmp_path: Path) -> None:
    assert training_host(told(tmp_path, "algo-1", "algo-1")) is None


@pytest.mark.parametrize("hosts", [("algo-1", "algo-2"), ("algo-2", "algo-1")])
def test_the_first_of_several_trains_whatever_their_order(
    tmp_path: Path, hosts: tuple[str, ...]
) -> None:
    assert training_host(told(tmp_path, "algo-1", *hosts)) is None
    assert training_host(told(tmp_path, "algo-2", *hosts)) == "algo-1"


def test_a_program_outside_of_a_job_trains(tmp_path: Path) -> None:
    assert training_host(tmp_path / "resourceconfig.json") is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"hosts": [], "current_host": "a"}'])
def test_a_file_that_names_no_hosts_leaves_it_to_this_one(tmp_path: Path, text: str) -> None:
    path = tmp_path / "resourceconfig.json"
    path.write_text(text)
    assert training_host(path) is None
