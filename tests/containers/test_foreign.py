"""A whole release of a model that shares no code with ours and is not in Python."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from modelwharf.contracts.parameters import SECTIONS
from tests.release.laptop import ROOT, Laptop
from tests.release.team import Execution, Team

EXAMPLE = ROOT / "examples/nearest-mean"
FIRST_RELEASE = 600  # seconds: both images install a compiler
RELEASE = 180  # seconds


@pytest.fixture(scope="module")
def team(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> Team:
    """A team with the example in its repository, and the settings of the example's folder."""
    repository = tmp_path_factory.mktemp("team") / "repository"
    shutil.copytree(EXAMPLE, repository)
    (repository / "containers").mkdir()
    shutil.copy(ROOT / "containers/buildspec.yml", repository / "containers")
    team = Team(laptop, repository)
    team.git("init", "--quiet", "--initial-branch", "main")
    for section in SECTIONS:
        document = EXAMPLE / f"parameters/{section}.json"
        if document.exists():
            team.configure(section, **json.loads(document.read_text()))
    team.upload("tables/iris.csv", (EXAMPLE / "data/iris.csv").read_text())
    return team


@pytest.fixture(scope="module")
def released(team: Team) -> Execution:
    team.commit("The nearest mean")
    ended = team.end(team.started_by(team.push), seconds=FIRST_RELEASE)
    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
    return ended


@contextmanager
def configured(team: Team, section: str, **changes: Any) -> Iterator[None]:
    """Keys of a section changed for as long as the block runs."""
    before = {key: team.parameters[section].get(key) for key in changes}
    team.configure(section, **changes)
    try:
        yield
    finally:
        team.configure(section, **before)


def serving(team: Team) -> str:
    described = team.laptop.client("sagemaker").describe_endpoint(
        EndpointName=team.outputs["EndpointName"]
    )
    return str(described["EndpointConfigName"])


def test_the_endpoint_answers_in_the_models_own_content_types(
    team: Team, released: Execution
) -> None:
    answered = team.laptop.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=team.outputs["EndpointName"],
        ContentType="text/csv",
        Body="5.1,3.5,1.4,0.2\n6.7,3.0,5.2,2.3\n",
    )
    assert answered["Body"].read() == b"setosa\nvirginica\n"
    assert answered["ContentType"] == "text/csv"
    assert team.ask({"instances": [[5.9, 2.8, 4.3, 1.3]]}) == {"predictions": ["versicolor"]}


def test_the_gate_reads_what_a_metric_definition_found_in_the_log(released: Execution) -> None:
    document = released.document
    assert document is not None and document.training is not None and document.quality is not None
    assert document.training.metrics == document.quality.metrics
    assert 0.9 < document.quality.metrics["accuracy"] < 1


def test_verify_sent_the_configured_probe(released: Execution) -> None:
    assert released.document is not None and released.document.verification is not None
    assert released.document.verification.checked == "probe"


def test_a_model_below_its_threshold_never_reaches_the_endpoint(
    team: Team, released: Execution
) -> None:
    before = serving(team)
    with configured(team, "quality", rules=[{"metric": "accuracy", "minimum": 0.99}]):
        ended = team.release(seconds=RELEASE)
    assert (ended.status, ended.error) == ("FAILED", "QualityBelowThreshold")
    assert "accuracy 0.9222 is below its minimum 0.99" in ended.reason
    assert serving(team) == before


def test_a_metric_that_no_definition_found_fails_the_gate_and_says_what_to_set(
    team: Team, released: Execution
) -> None:
    with configured(team, "training", metric_definitions=[{"name": "f1", "regex": "f1=(.*)"}]):
        ended = team.release(seconds=RELEASE)
    assert (ended.status, ended.error) == ("FAILED", "QualityBelowThreshold")
    assert "accuracy was not measured" in ended.reason
    assert "metric_definitions" in ended.reason


def test_an_unexpected_answer_to_the_probe_brings_the_old_model_back(
    team: Team, released: Execution
) -> None:
    before = serving(team)
    probe = {**team.parameters["deployment"]["probe"], "expected_body": "virginica\nsetosa\n"}
    with configured(team, "deployment", probe=probe):
        ended = team.release(seconds=RELEASE)
    assert (ended.status, ended.error) == ("FAILED", "VerificationFailed")
    assert "setosa\\nvirginica" in ended.reason
    assert "RollBack" in ended.states
    assert serving(team) == before


def test_bad_data_fail_the_release_in_the_programs_own_words(
    team: Team, released: Execution
) -> None:
    good = (EXAMPLE / "data/iris.csv").read_text()
    started = team.started_by(
        lambda: team.upload("tables/iris.csv", good.replace("4.9,3.0,1.4,0.2", "4.9,3.0,NA,0.2"))
    )
    ended = team.end(started, seconds=RELEASE)
    team.end(team.started_by(lambda: team.upload("tables/iris.csv", good)), seconds=RELEASE)
    assert (ended.status, ended.error) == ("FAILED", "TrainingFailed")
    assert 'iris.csv:3: petal_length: "NA" is not a finite number' in ended.reason
