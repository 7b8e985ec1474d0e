"""SageMaker's SDKs train, deploy, register and transform on the laptop, unmodified."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.sdk_user import BUCKET, SdkUser, sdk_user
from tests.clients.trap import Trap
from tests.release.laptop import Laptop
from tests.release.team import Team

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def engineer(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SdkUser]:
    Team.serving(laptop, tmp_path_factory.mktemp("team") / "repository")
    with sdk_user(laptop) as engineer:
        yield engineer


@pytest.fixture(scope="module")
def found(engineer: SdkUser, variables: dict[str, str], trap: Trap) -> dict[str, Any]:
    """What version 2 found, and what left the machine meanwhile."""
    trap.emptied()
    found = engineer.run(sys.executable, HERE / "sdk_v2.py", variables)
    return {**found, "left": trap.emptied()}


@pytest.fixture(scope="module")
def found_by_3(engineer: SdkUser, variables: dict[str, str], trap: Trap) -> dict[str, Any]:
    python = os.environ.get("WHARF_SDK_3_PYTHON")
    if not python:
        pytest.fail("WHARF_SDK_3_PYTHON names no Python with sagemaker 3: `make test-clients`")
    trap.emptied()
    found = engineer.run(python, HERE / "sdk_v3.py", variables)
    return {**found, "left": trap.emptied()}


def test_nothing_left_for_aws(found: dict[str, Any], found_by_3: dict[str, Any]) -> None:
    assert (found["left"], found_by_3["left"]) == ([], [])


def test_version_3_s_trainer_trains(found_by_3: dict[str, Any]) -> None:
    assert found_by_3["train"] == "Completed"


def test_version_3_s_endpoint_answers(found_by_3: dict[str, Any]) -> None:
    assert found_by_3["invoke"] == {"sum": 3.0}


def test_an_estimator_fits_and_finds_its_metric(found: dict[str, Any]) -> None:
    assert (found["fit"], found["metrics"]) == ("Completed", 0.9)


def test_an_estimator_deploys_and_its_predictor_answers(found: dict[str, Any]) -> None:
    assert found["predict"] == {"sum": 3.0}


def test_a_model_is_registered_into_a_new_group(found: dict[str, Any]) -> None:
    assert found["package"].endswith(":model-package/sdk/1")


def test_a_transformer_writes_its_answers_beside_the_ids(found: dict[str, Any]) -> None:
    assert found["transform"] == [
        {"id": "a", "SageMakerOutput": {"sum": 3.0}},
        {"id": "b", "SageMakerOutput": {"sum": 4.0}},
    ]


def test_a_failed_transform_is_raised_with_sagemakers_reason(found: dict[str, Any]) -> None:
    assert "Failed. Reason: ClientError: See job logs for more information" in found["bad"]


def test_a_model_that_may_not_be_written_is_reported_as_sagemaker_does(
    found: dict[str, Any],
) -> None:
    assert (
        f"ClientError: Artifact upload failed:Failed to upload s3://{BUCKET}/forbidden/"
        in (found["forbidden"])
    )


def test_an_estimator_attaches_to_a_job(found: dict[str, Any]) -> None:
    assert found["attached"] is True
