"""SageMaker training jobs: the image's ``train`` runs in an ``/opt/ml`` tree.

Stock moto invents a metric and the times of a job's steps.
"""

from collections.abc import Mapping
from typing import Any

from modelwharf.contracts.quotas import JOB_INSTANCES
from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.sagemaker import job_calls, rules
from modelwharf.laptop.sagemaker.job_calls import JobCalls
from modelwharf.laptop.sagemaker.training_input import REPLICATED, SHARDED
from modelwharf.laptop.sagemaker.training_job import TrainingJob

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
        most_instances=JOB_INSTANCES,
    )
    job_calls.install(calls, cloud)


def _validate(request: Mapping[str, Any]) -> None:
    rules.require_fields(request, REQUIRED)
    rules.require_hyperparameters(request.get("HyperParameters") or {})
    rules.require_environment(request.get("Environment") or {}, rules.TRAINING_VARIABLE)
    rules.require_runtime(request["StoppingCondition"], LONGEST)
    rules.refuse_keys("", request, UNSUPPORTED)
    resources = request["ResourceConfig"]
    rules.refuse_keys("ResourceConfig.", resources, ("InstanceGroups",))
    rules.require_fields(resources, ("InstanceType", "InstanceCount"))
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
    distribution = source.get("S3DataDistributionType") or REPLICATED
    if distribution not in (REPLICATED, SHARDED):
        raise rules.invalid(
            f"{place}DataSource.S3DataDistributionType is {distribution!r}; it is {REPLICATED} or "
            f"{SHARDED}"
        )
    if channel.get("CompressionType", "None") != "None":
        raise rules.invalid(f"{place}CompressionType is not supported by the laptop's cloud")


def _correct(held: Any, request: Mapping[str, Any]) -> None:
    """Remove the metrics, definitions and future times that moto invents."""
    held.algorithm_specification = request["AlgorithmSpecification"]
    held.environment = request.get("Environment") or {}
    # AWS describes an absent key as "", which SDK v2's Estimator.attach reads.
    held.output_data_config = {"KmsKeyId": "", **request["OutputDataConfig"]}
    held.final_metric_data_list = []
    held.training_start_time = None
    held.training_end_time = None
    held.failure_reason = None
