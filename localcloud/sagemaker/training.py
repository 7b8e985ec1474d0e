"""SageMaker training jobs: the image's ``train`` runs in an ``/opt/ml`` tree.

Stock moto makes up a metric, and the times of a job's steps.
"""

from collections.abc import Mapping
from typing import Any

from localcloud.cloud import Cloud
from localcloud.sagemaker import job_calls, rules
from localcloud.sagemaker.job_calls import JobCalls
from localcloud.sagemaker.training_job import TrainingJob

LONGEST = 28 * 24 * 60 * 60  # seconds
REQUIRED = (
    "AlgorithmSpecification",
    "RoleArn",
    "OutputDataConfig",
    "ResourceConfig",
    "StoppingCondition",
)
UNSUPPORTED = ("EnableManagedSpotTraining", "CheckpointConfig", "TensorBoardOutputConfig")


def install(cloud: Cloud) -> None:
    """Run training jobs with the cloud's engine."""
    calls = JobCalls(
        TrainingJob,
        _validate,
        _correct,
        cluster=lambda request: request["ResourceConfig"],
        not_found="Requested resource not found: {arn}",
    )
    job_calls.install(calls, cloud)


def _validate(request: Mapping[str, Any]) -> None:
    rules.require_fields(request, REQUIRED)
    rules.require_hyperparameters(request.get("HyperParameters") or {})
    rules.require_environment(request.get("Environment") or {}, rules.TRAINING_VARIABLE)
    rules.require_runtime(request["StoppingCondition"], LONGEST)
    rules.refuse_keys("", request, UNSUPPORTED)
    rules.require_one_instance("ResourceConfig", request["ResourceConfig"].get("InstanceCount", 1))
    specification = request["AlgorithmSpecification"]
    rules.refuse_keys("AlgorithmSpecification.", specification, ("AlgorithmName",))
    rules.require_fields(specification, ("TrainingImage",))
    for channel in request.get("InputDataConfig") or []:
        _validate_channel(specification, channel)


def _validate_channel(specification: Mapping[str, Any], channel: Mapping[str, Any]) -> None:
    place = f"InputDataConfig.{channel['ChannelName']}."
    mode = channel.get("InputMode") or specification.get("TrainingInputMode", "File")
    if mode not in ("File", "FastFile"):
        raise rules.invalid(
            f"{place}InputMode {mode} is not supported by the laptop's cloud; use File"
        )
    source = channel["DataSource"].get("S3DataSource")
    if not source or source.get("S3DataType") != "S3Prefix":
        raise rules.invalid(
            f"{place}DataSource: the laptop's cloud reads an S3DataSource of S3DataType S3Prefix"
        )
    if channel.get("CompressionType", "None") != "None":
        raise rules.invalid(f"{place}CompressionType is not supported by the laptop's cloud")


def _correct(held: Any, request: Mapping[str, Any]) -> None:
    """Take back what moto made up: metrics, definitions, and times yet to come."""
    held.algorithm_specification = request["AlgorithmSpecification"]
    held.environment = request.get("Environment") or {}
    # AWS describes a key that was not given as "": SDK v2's Estimator.attach reads it.
    held.output_data_config = {"KmsKeyId": "", **request["OutputDataConfig"]}
    held.final_metric_data_list = []
    held.training_start_time = None
    held.training_end_time = None
    held.failure_reason = None
