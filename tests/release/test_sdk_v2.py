"""SageMaker's SDK v2 trains, deploys, registers and transforms on the laptop, unmodified."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.release.laptop import Laptop
from tests.release.team import Team

SCRIPT = Path(__file__).parent / "sdk_v2.py"
BUCKET = "sdk-users-own"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
MAY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:*", "ecr:*", "logs:*", "cloudwatch:PutMetricData"],
            "Resource": "*",
        },
        {
            "Effect": "Deny",
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{BUCKET}/forbidden/*",
        },
    ],
}


@pytest.fixture(scope="module")
def found(team: Team, laptop: Laptop) -> Iterator[dict[str, Any]]:
    """What the script printed; its images are the team's."""
    laptop.refusals.append(f"{BUCKET}/forbidden/")
    s3, iam, sagemaker = laptop.client("s3"), laptop.client("iam"), laptop.client("sagemaker")
    s3.create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": laptop.state.region}
    )
    role = iam.create_role(RoleName="sdk", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
    iam.put_role_policy(RoleName="sdk", PolicyName="all", PolicyDocument=json.dumps(MAY))
    job = sagemaker.list_training_jobs()["TrainingJobSummaries"][0]["TrainingJobName"]
    trained = sagemaker.describe_training_job(TrainingJobName=job)
    model = sagemaker.list_models()["Models"][0]["ModelName"]
    served = sagemaker.describe_model(ModelName=model)
    done = subprocess.run(
        [
            *(sys.executable, str(SCRIPT), role["Arn"], BUCKET),
            trained["AlgorithmSpecification"]["TrainingImage"],
            served["PrimaryContainer"]["Image"],
        ],
        env=laptop.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.stdout[-1500:], done.stderr[-3000:])
    yield json.loads(done.stdout.splitlines()[-1])
    iam.delete_role_policy(RoleName="sdk", PolicyName="all")
    iam.delete_role(RoleName="sdk")


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


def test_a_model_that_may_not_be_written_is_told_as_sagemaker_does(found: dict[str, Any]) -> None:
    assert (
        f"ClientError: Artifact upload failed:Failed to upload s3://{BUCKET}/forbidden/"
        in (found["forbidden"])
    )


def test_an_estimator_attaches_to_a_job(found: dict[str, Any]) -> None:
    assert found["attached"] is True
