"""What moto does without our overrides.

Each test describes moto as it ships, and fails when upstream fixes or moves that part. The override
in the test's docstring can then be removed, or must follow.
"""

import json
import subprocess
import sys
from typing import Any

import pytest

OBSERVE = """
import base64, json, sys
import boto3
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.sagemaker.responses import SageMakerResponse
from moto.codecommit.responses import CodeCommitResponse
from moto.ecr.responses import ECRResponse

found = {}
role = "arn:aws:iam::123456789012:role/worker"

def client(name):
    return boto3.client(name, region_name="eu-west-1",
                        aws_access_key_id="test", aws_secret_access_key="test")

def attempt(call):
    try:
        return call()
    except Exception as error:
        return type(error).__name__

with mock_aws():
    sagemaker, ecr, codebuild = client("sagemaker"), client("ecr"), client("codebuild")
    for _ in range(2):
        sagemaker.create_training_job(
            TrainingJobName="job", RoleArn=role,
            AlgorithmSpecification={"TrainingImage": "none", "TrainingInputMode": "File"},
            OutputDataConfig={"S3OutputPath": "s3://b/p"},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1,
                            "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 1})
    job = sagemaker.describe_training_job(TrainingJobName="job")
    found["training"] = job["TrainingJobStatus"]
    found["metrics"] = [m["MetricName"] for m in job["FinalMetricDataList"]]
    found["stop_training"] = hasattr(SageMakerResponse, "stop_training_job")
    sagemaker.create_processing_job(
        ProcessingJobName="job", RoleArn=role, Environment={"A": "1"},
        AppSpecification={"ImageUri": "none"},
        ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "VolumeSizeInGB": 1,
                                               "InstanceType": "ml.m5.large"}})
    job = sagemaker.describe_processing_job(ProcessingJobName="job")
    found["processing"] = [job["ProcessingJobStatus"], job.get("Environment")]
    sagemaker.create_transform_job(
        TransformJobName="job", ModelName="none",
        TransformInput={"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix",
                                                        "S3Uri": "s3://none/in"}}},
        TransformOutput={"S3OutputPath": "s3://none/out"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1})
    job = sagemaker.describe_transform_job(TransformJobName="job")
    found["transform"] = job["TransformJobStatus"]
    found["stop_transform"] = hasattr(SageMakerResponse, "stop_transform_job")
    for _ in range(2):
        sagemaker.create_model(ModelName="m", ExecutionRoleArn=role,
                               PrimaryContainer={"Image": "none", "ModelDataUrl": "s3://b/none"})
    variant = {"VariantName": "v", "ModelName": "m", "InitialInstanceCount": 1}
    for _ in range(2):
        sagemaker.create_endpoint_config(
            EndpointConfigName="c",
            ProductionVariants=[{**variant, "InstanceType": "ml.m5.large"}])
        sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="c")
    found["endpoint"] = sagemaker.describe_endpoint(EndpointName="e")["EndpointStatus"]
    capture = {"InitialSamplingPercentage": 101, "DestinationS3Uri": "s3://none",
               "CaptureOptions": [{"CaptureMode": "Input"}]}
    sagemaker.create_endpoint_config(
        EndpointConfigName="captures", DataCaptureConfig=capture,
        ProductionVariants=[{**variant, "InstanceType": "ml.m5.large"}])
    sagemaker.create_endpoint(EndpointName="captures", EndpointConfigName="captures")
    described = sagemaker.describe_endpoint(EndpointName="captures")
    found["capture"] = described["DataCaptureConfig"]
    found["newer_instance"] = attempt(lambda: sagemaker.create_endpoint_config(
        EndpointConfigName="d",
        ProductionVariants=[{**variant, "InstanceType": "ml.m7i.large"}]))
    found["update_endpoint"] = hasattr(SageMakerResponse, "update_endpoint")
    runtime = client("sagemaker-runtime")
    found["ghost"] = runtime.invoke_endpoint(
        EndpointName="ghost", Body=b"x")["Body"].read().decode()
    found["binary"] = attempt(lambda: runtime.invoke_endpoint(EndpointName="e", Body=b"\\xff"))
    sagemaker.create_model_package_group(ModelPackageGroupName="g")
    package = lambda **more: sagemaker.create_model_package(
        ModelPackageGroupName="g", **more)["ModelPackageArn"]
    found["token"] = [package(ClientToken="t"), package(ClientToken="t")]
    arn = package(CustomerMetadataProperties={"a": "b"})
    described = sagemaker.describe_model_package(ModelPackageName=arn)
    found["approval"] = described.get("ModelApprovalStatus")
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    described = sagemaker.describe_model_package(ModelPackageName=arn)
    found["metadata"] = described.get("CustomerMetadataProperties")
    codebuild.create_project(
        name="pr", source={"type": "S3", "location": "none/none"},
        artifacts={"type": "NO_ARTIFACTS"}, serviceRole=role,
        environment={"type": "LINUX_CONTAINER", "image": "x",
                     "computeType": "BUILD_GENERAL1_SMALL"})
    build = codebuild.start_build(projectName="pr", timeoutInMinutesOverride=7)["build"]
    found["timeout"] = build["timeoutInMinutes"]
    found["build"] = codebuild.batch_get_builds(ids=[build["id"]])["builds"][0]["buildStatus"]
    found["codecommit"] = [name for name in (
        "get_branch", "get_commit", "get_folder", "get_file", "get_differences",
        "put_repository_triggers") if hasattr(CodeCommitResponse, name)]
    ecr.create_repository(repositoryName="rr", imageTagMutability="IMMUTABLE")
    manifest = lambda config: json.dumps({
        "schemaVersion": 2, "mediaType": "m",
        "config": {"digest": config, "size": 1}, "layers": [{"digest": "same"}]})
    push = lambda config, tag: ecr.put_image(
        repositoryName="rr", imageManifest=manifest(config), imageTag=tag)
    found["digests"] = [push(c, c)["image"]["imageId"]["imageDigest"] for c in ("a", "b")]
    found["immutable"] = attempt(lambda: push("c", "a"))
    found["layer_url"] = attempt(lambda: ecr.get_download_url_for_layer(
        repositoryName="rr", layerDigest="sha256:" + "0" * 64))
found["newer_instance"] = str(found["newer_instance"])[:40]
print(json.dumps(found, default=str))
"""


@pytest.fixture(scope="module")
def moto() -> dict[str, Any]:
    """What moto does in a process without our overrides."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", OBSERVE], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_training_job_is_completed_at_once_and_twice(moto: dict[str, Any]) -> None:
    """laptop.sagemaker.job_calls replaces create_training_job and adds stop_training_job."""
    assert moto["training"] == "Completed"
    assert moto["metrics"] == ["train:progress"]
    assert not moto["stop_training"]


def test_a_processing_job_is_completed_at_once_and_forgets(moto: dict[str, Any]) -> None:
    """laptop.sagemaker.job_calls replaces create_processing_job, stop_processing_job."""
    assert moto["processing"] == ["Completed", None]


def test_a_transform_job_is_completed_without_output(moto: dict[str, Any]) -> None:
    """laptop.sagemaker.job_calls replaces create_transform_job, adds stop_transform_job."""
    assert moto["transform"] == "Completed"
    assert not moto["stop_transform"]


def test_an_endpoint_is_in_service_whatever_its_image(moto: dict[str, Any]) -> None:
    """laptop.sagemaker.endpoints replaces create, describe, delete; adds update_endpoint."""
    assert moto["endpoint"] == "InService"
    assert not moto["update_endpoint"]


def test_an_endpoint_takes_any_capture_and_does_not_tell_its_status(moto: dict[str, Any]) -> None:
    """laptop.sagemaker.data_capture checks it, captures, and makes the summary."""
    assert moto["capture"] == {"DestinationS3Uri": "s3://none"}


def test_newer_instance_types_are_refused(moto: dict[str, Any]) -> None:
    """laptop.sagemaker.endpoints replaces validate_instance_type."""
    assert moto["newer_instance"] == "ClientError"


def test_every_invocation_gets_the_same_answer(moto: dict[str, Any]) -> None:
    """laptop.sagemaker.invocations replaces invoke_endpoint."""
    assert moto["ghost"] == "body"


def test_a_binary_body_is_an_error(moto: dict[str, Any]) -> None:
    """laptop.sagemaker.invocations sets use_raw_body."""
    assert moto["binary"] == "UnicodeDecodeError"


def test_a_client_token_registers_twice(moto: dict[str, Any]) -> None:
    """laptop.sagemaker.model_packages replaces create_model_package."""
    first, second = moto["token"]
    assert first != second
    assert moto["approval"] is None


def test_an_approval_forgets_the_metadata(moto: dict[str, Any]) -> None:
    """laptop.sagemaker.model_packages replaces update_model_package."""
    assert not moto["metadata"]


def test_every_build_succeeds_and_overrides_are_ignored(moto: dict[str, Any]) -> None:
    """laptop.codebuild replaces start_build, batch_get_builds, stop_build and the lists."""
    assert moto["build"] == "SUCCEEDED"
    assert moto["timeout"] != 7


def test_codecommit_has_no_content(moto: dict[str, Any]) -> None:
    """laptop.codecommit adds what reads a repository, and its triggers."""
    assert moto["codecommit"] == []


def test_images_with_other_configurations_are_one(moto: dict[str, Any]) -> None:
    """laptop.registry replaces Image._create_digest."""
    first, second = moto["digests"]
    assert first == second


def test_an_immutable_tag_is_refused_by_another_name(moto: dict[str, Any]) -> None:
    """laptop.registry replaces put_image."""
    assert moto["immutable"] == "ImageAlreadyExistsException"


def test_layers_cannot_be_downloaded(moto: dict[str, Any]) -> None:
    """laptop.registry replaces get_download_url_for_layer."""
    assert moto["layer_url"] == "NotImplementedError"
