"""A project of ``wharf init --template scikit-learn``: its release, and its endpoint's callers."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from modelwharf.artifact.evaluation import HOLDOUT_FILE, HoldoutRow
from tests.release import laptop as laptops
from tests.release.exemplar import output_member
from tests.release.laptop import PROJECT, Laptop
from tests.release.team import Execution, Team
from tests.waiting import until

ASKED = 5  # rows
DEPLOYMENT = {  # beside the template's settings
    "instance_type": "ml.t2.medium",
    "capture": {"percent": 100},
    "probe": {
        "content_type": "text/csv",
        "accept": "text/csv",
        "body": "59,2,32.1,101,157,93.2,38,4,4.8598,87\n",
    },
}
DATA_CAPTURE = "capture/oil-price/champion/"


@pytest.fixture(scope="module")
def laptop(assembly: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """Its own: the project has another repository here."""
    with laptops.running(tmp_path_factory.mktemp("cloud"), assembly) as laptop:
        yield laptop


@pytest.fixture(scope="module")
def team(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> Team:
    team = Team(laptop, tmp_path_factory.mktemp("team") / "repository")
    team.repository.mkdir()
    made = team.wharf("init", "--template", "scikit-learn", "--project", PROJECT)
    assert made.returncode == 0, made.stdout + made.stderr
    settings = tomllib.loads((team.repository / "modelwharf.toml").read_text())
    assert settings.pop("project") == PROJECT
    for section, document in settings.items():
        team.configure(section, **document)
    team.configure("deployment", **DEPLOYMENT)
    for source in settings["data"]["inputs"].values():
        team.upload(source["key"], (team.repository / source["key"]).read_text())
    return team


@pytest.fixture(scope="module")
def released(team: Team) -> Execution:
    team.commit("Diabetes")
    ended = team.end(team.started_by(team.push), seconds=400)
    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
    return ended


@pytest.fixture(scope="module")
def holdout(team: Team, released: Execution) -> list[HoldoutRow]:
    lines = output_member(team, released, HOLDOUT_FILE).splitlines()
    return [HoldoutRow.model_validate_json(line) for line in lines]


def ask(team: Team, body: bytes, **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = team.laptop.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=team.outputs["EndpointName"], Body=body, **more
    )
    return {**answer, "Body": answer["Body"].read()}


def test_the_live_endpoint_answered_the_holdout_to_the_last_bit(released: Execution) -> None:
    assert released.document is not None and released.document.verification is not None
    verification = released.document.verification
    assert (verification.checked, verification.requests) == ("holdout", 50)
    assert verification.largest_difference == 0.0


def test_the_gate_judged_the_report_of_the_training_program(released: Execution) -> None:
    assert released.document is not None and released.document.quality is not None
    assert released.document.quality.metrics.keys() == {"r2", "mae"}


def test_the_sdk_s_predictor_gets_the_trained_model_s_answers_in_every_format(
    team: Team, holdout: list[HoldoutRow], tmp_path: Path
) -> None:
    rows, answers = tmp_path / "rows.json", tmp_path / "answers.json"
    rows.write_text(json.dumps([row.request for row in holdout[:ASKED]]))
    program = Path(__file__).with_name("predictors.py")
    done = subprocess.run(
        [sys.executable, str(program), team.outputs["EndpointName"], str(rows), str(answers)],
        env=team.laptop.environment() | {"SAGEMAKER_SUPPRESS_V2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr  # the SDK tells errors on both
    expected = [row.prediction for row in holdout[:ASKED]]
    assert json.loads(answers.read_text()) == {
        "csv": expected,
        "json": {"predictions": expected},
        "bare json": {"predictions": expected},
        "json lines": [{"prediction": one} for one in expected],
        "npy": expected,
    }


def test_columns_may_come_in_any_order_by_name_and_a_cell_may_be_empty(
    team: Team, released: Execution
) -> None:
    table = b"s6,age,sex,bmi,bp,s1,s2,s3,s4,s5\n87,59,2,32.1,101,157,93.2,38,4,\n"
    by_name = ask(team, table, ContentType="text/csv", Accept="text/csv")
    in_order = b'{"instances": [[59, 2, 32.1, 101, 157, 93.2, 38, 4, null, 87]]}'
    answered = json.loads(ask(team, in_order, ContentType="application/json")["Body"])
    assert [float(by_name["Body"])] == answered["predictions"]
    assert by_name["ContentType"].startswith("text/csv")


def test_a_bad_row_is_the_callers_fault_and_says_which(team: Team, released: Execution) -> None:
    with pytest.raises(ClientError) as caught:
        ask(team, b"1,2,3\n", ContentType="text/csv")
    response: Mapping[str, Any] = caught.value.response
    assert response["OriginalStatusCode"] == 400
    assert "10" in response["OriginalMessage"]


def test_what_callers_ask_is_captured_with_the_serving_roles_credentials(
    team: Team, released: Execution
) -> None:
    row = b"59,2,32.1,101,157,93.2,38,4,4.8598,87\n"
    answer = ask(team, row, ContentType="text/csv", Accept="text/csv", InferenceId="patient 7")
    s3, bucket = team.laptop.client("s3"), team.outputs["ArtifactBucket"]

    def captured() -> dict[str, Any] | None:
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=DATA_CAPTURE).get("Contents", [])
        for item in listed:
            text = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read().decode()
            for event in map(json.loads, text.splitlines()):
                if event["eventMetadata"].get("inferenceId") == "patient 7":
                    return dict(event)
        return None

    event = until(captured, "the request among the captured ones")
    sides = event["captureData"]
    assert sides["endpointInput"]["data"].encode() == row
    assert sides["endpointOutput"]["data"].encode() == answer["Body"]
    assert {side["encoding"] for side in sides.values()} == {"CSV"}
