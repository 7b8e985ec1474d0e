"""The exemplar's release, whole, in containers; and beside it the same one in processes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelwharf.artifact.evaluation import EVALUATION_FILE, HOLDOUT_FILE, EvaluationReport
from modelwharf.cli.demo_data import demo_series
from tests.containers.engines import ContainerEngine
from tests.release import laptop as laptops
from tests.release.exemplar import exemplar_team, output_member
from tests.release.laptop import Laptop
from tests.release.team import Execution, Team

RELEASE = 600  # seconds: both images install their packages


@pytest.fixture(scope="module")
def team(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> Team:
    return exemplar_team(laptop, tmp_path_factory.mktemp("team") / "repository")


@pytest.fixture(scope="module")
def released(team: Team) -> Execution:
    """The release of the team's first push, in containers."""
    return first_release(team)


@pytest.fixture(scope="module")
def process_team(assembly: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """The same team on a laptop without an engine."""
    running = laptops.start(tmp_path_factory.mktemp("cloud"), assembly, engine="process")
    yield exemplar_team(running, tmp_path_factory.mktemp("team") / "repository")
    laptops.stop(running)


@pytest.fixture(scope="module")
def process_released(process_team: Team) -> Execution:
    return first_release(process_team)


def first_release(team: Team) -> Execution:
    team.upload("series/wti.csv", demo_series()["wti"].csv)
    team.commit("The exemplar")
    ended = team.end(team.started_by(team.push), seconds=RELEASE)
    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
    return ended


def report(team: Team, ended: Execution) -> EvaluationReport:
    return EvaluationReport.model_validate_json(output_member(team, ended, EVALUATION_FILE))


def test_the_endpoint_forecasts_out_of_a_container(
    team: Team, released: Execution, engine: ContainerEngine
) -> None:
    answer = team.ask({"product": "wti", "date": "2019-01-10"})
    assert answer["low"] < answer["forecast"] < answer["high"]
    assert any(
        "serve" in container.attrs["Config"]["Cmd"] for container in engine.client.containers.list()
    )


def test_verify_had_the_holdout_answered_by_the_live_container(released: Execution) -> None:
    assert released.document is not None and released.document.verification is not None
    assert released.document.verification.checked == "holdout"
    assert released.document.verification.largest_difference == 0


def test_both_engines_give_the_same_evaluation_to_the_last_digit(
    team: Team, released: Execution, process_team: Team, process_released: Execution
) -> None:
    in_containers = report(team, released).model_dump(mode="json")
    in_processes = report(process_team, process_released).model_dump(mode="json")
    for changing in ("created", "libraries"):
        in_containers.pop(changing)
        in_processes.pop(changing)
    assert in_containers == in_processes


def test_both_engines_have_the_packages_of_the_lock_file(
    team: Team, released: Execution, process_team: Team, process_released: Execution
) -> None:
    in_containers = report(team, released).libraries
    assert in_containers == report(process_team, process_released).libraries != {}


def test_both_models_forecast_the_holdout_alike_to_the_last_digit(
    team: Team, released: Execution, process_team: Team, process_released: Execution
) -> None:
    in_containers = output_member(team, released, HOLDOUT_FILE).splitlines()
    in_processes = output_member(process_team, process_released, HOLDOUT_FILE).splitlines()
    assert [json.loads(row) for row in in_containers] == [json.loads(row) for row in in_processes]


def test_other_hyperparameters_are_trained_without_a_build(team: Team, released: Execution) -> None:
    builds = team.laptop.client("codebuild").list_builds()["ids"]
    team.configure("training", hyperparameters={"seed": 8})
    ended = team.release(seconds=RELEASE)
    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
    assert team.laptop.client("codebuild").list_builds()["ids"] == builds
