"""What a model's own programs may do with the credentials that they are given."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.exceptions import ClientError

from contracts.names import model_key, training_prefix
from tests.release.laptop import Laptop
from tests.release.team import Team
from tests.waiting import until


def credentials_of(laptop: Laptop, program: str) -> dict[str, str]:
    """What the newest of the programs with this command line finds in its environment."""

    def variables() -> dict[str, str] | None:
        found = [pid for pid, line in laptop.children().items() if line.endswith(program)]
        if not found:
            return None
        lines = Path(f"/proc/{max(found)}/environ").read_text().split("\0")
        return dict(line.split("=", 1) for line in lines if "=" in line)

    return until(variables, f"a running {program}")


def storage(laptop: Laptop, variables: dict[str, str]) -> Any:
    """S3 with a program's own credentials."""
    return boto3.client(
        "s3",
        endpoint_url=laptop.state.url,
        region_name=laptop.state.region,
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=variables["AWS_SESSION_TOKEN"],
    )


def champion(team: Team) -> dict[str, str]:
    """Bucket and key of the model that serves."""
    sagemaker, endpoint = team.laptop.client("sagemaker"), team.outputs["EndpointName"]
    config = sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    (variant,) = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    model = sagemaker.describe_model(ModelName=variant["ModelName"])
    address = urlsplit(model["PrimaryContainer"]["ModelDataUrl"])
    return {"Bucket": address.netloc, "Key": address.path[1:]}


def assert_refused(action: str, call: Any, **request: Any) -> None:
    with pytest.raises(ClientError) as refused:
        call(**request)
    assert refused.value.response["Error"]["Code"] == "AccessDenied"
    assert f"is not authorized to perform: {action}" in str(refused.value)


def test_the_endpoint_may_read_the_champion_s_model_and_write_neither_it_nor_any_release(
    team: Team, laptop: Laptop
) -> None:
    s3, served = storage(laptop, credentials_of(laptop, "program.py serve")), champion(team)

    assert s3.get_object(**served)["ContentLength"]
    assert_refused("s3:PutObject", s3.put_object, **served, Body=b"another model")
    assert_refused("s3:DeleteObject", s3.delete_object, **served)
    for key in ("releases/r-1/training/x", "releases/r-1/data/x", "releases/r-1/raw/x"):
        elsewhere = {"Bucket": served["Bucket"], "Key": key}
        assert_refused("s3:PutObject", s3.put_object, **elsewhere, Body=b"")
        assert_refused("s3:GetObject", s3.get_object, **elsewhere)


def test_a_training_job_may_write_over_no_model_that_serves(
    team: Team, laptop: Laptop, tmp_path: Path
) -> None:
    gate, served = tmp_path / "gate", champion(team)
    team.configure("training", hyperparameters={"gate": str(gate)})
    name = team.started_by(lambda: team.request("a job that reaches beyond"))
    s3 = storage(laptop, credentials_of(laptop, "program.py train"))

    assert_refused("s3:PutObject", s3.put_object, **served, Body=b"another model")
    assert_refused("s3:DeleteObject", s3.delete_object, **served)

    gate.touch()
    team.configure("training", hyperparameters=None)
    assert team.end(name).status == "SUCCEEDED"


def test_what_a_later_job_writes_over_an_earlier_one_s_output_is_not_what_serves(
    team: Team, laptop: Laptop, tmp_path: Path
) -> None:
    """All training jobs share a role; what is registered is a copy that it cannot write."""
    release = team.release()
    assert release.document is not None and release.document.training is not None
    left = urlsplit(release.document.training.artifact)
    assert left.path[1:].startswith(training_prefix(release.name))

    laptop.client("s3").put_object(Bucket=left.netloc, Key=left.path[1:], Body=b"another model")

    assert champion(team)["Key"] == model_key(release.name)
    kept = laptop.client("s3").get_object(**champion(team))["Body"].read()
    assert kept != b"another model"
