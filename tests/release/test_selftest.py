"""``wharf selftest`` against the laptop's cloud, whose promises it holds against an account."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.release import laptop as laptops
from tests.release.laptop import PROJECT, Laptop


@pytest.fixture(scope="module")
def laptop(assembly: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """An unused cloud: the selftest refuses any other."""
    with laptops.running(tmp_path_factory.mktemp("cloud"), assembly) as laptop:
        yield laptop


def wharf(laptop: Laptop, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["wharf", *words],
        env=laptop.environment(),
        capture_output=True,
        text=True,
        timeout=600,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("report")


@pytest.fixture(scope="module")
def done(laptop: Laptop, folder: Path) -> subprocess.CompletedProcess[str]:
    return wharf(laptop, "selftest", "--yes", "--json", "--report", str(folder))


def test_the_laptop_keeps_each_of_its_own_promises(
    done: subprocess.CompletedProcess[str],
) -> None:
    report: dict[str, Any] = json.loads(done.stdout)
    other = {one["id"]: one for one in report["observed"] if one["comparison"] != "same"}
    assert other == {}, done.stderr
    assert (report["status"], done.returncode, report["gaps"]) == ("SUCCEEDED", 0, [])


def test_the_report_tells_nothing_of_whose_account_it_was(
    done: subprocess.CompletedProcess[str], laptop: Laptop, folder: Path
) -> None:
    files = sorted(path.name for path in folder.iterdir())
    assert files == ["selftest-report.json", "selftest-report.txt"]
    for path in folder.iterdir():
        text = path.read_text()
        assert laptop.state.account not in text
        assert "arn:aws:" not in text
        assert laptop.key.access_key_id not in text
        assert laptop.outputs()["DataBucket"] not in text


def test_it_takes_away_what_it_says_and_refuses_a_project_with_a_release(
    done: subprocess.CompletedProcess[str], laptop: Laptop, folder: Path
) -> None:
    assert laptop.client("sagemaker").list_endpoints()["Endpoints"] == []
    parameters = laptop.client("ssm").get_parameters_by_path(Path=f"/modelwharf/{PROJECT}")
    assert parameters["Parameters"] == []
    queues = laptop.client("sqs").list_queues(QueueNamePrefix="wharf-selftest")
    assert queues.get("QueueUrls", []) == []
    assert laptop.client("events").list_rules(NamePrefix="wharf-selftest")["Rules"] == []
    again = wharf(laptop, "selftest", "--yes", "--report", str(folder))
    assert again.returncode == 1
    for sign in ("is its champion", "it has releases", "has commits"):
        assert sign in again.stderr
