"""The details of SageMaker's job state-change events, as in its developer guide.

"Events that Amazon SageMaker AI sends to Amazon EventBridge": times are milliseconds since
the epoch, tags are a mapping, and a failed job carries its FailureReason.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from modelwharf.laptop.formats import epoch_milliseconds

Request = Mapping[str, Any]

_TRAINING = (
    "TrainingJobName",
    "HyperParameters",
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "VpcConfig",
    "StoppingCondition",
    "Environment",
)
_PROCESSING = (
    "ProcessingJobName",
    "ProcessingInputs",
    "ProcessingOutputConfig",
    "ProcessingResources",
    "StoppingCondition",
    "AppSpecification",
    "Environment",
    "RoleArn",
)
_TRANSFORM = (
    "TransformJobName",
    "ModelName",
    "MaxConcurrentTransforms",
    "MaxPayloadInMB",
    "BatchStrategy",
    "Environment",
    "TransformInput",
    "TransformOutput",
    "TransformResources",
)


def training_detail(request: Request, held: Any) -> dict[str, Any]:
    """The detail of a training job's event. ``held`` is the job as described."""
    detail = {
        **_given(request, _TRAINING),
        "TrainingJobArn": held.arn,
        "TrainingJobStatus": held.training_job_status,
        "SecondaryStatus": held.secondary_status,
        "SecondaryStatusTransitions": held.secondary_status_transitions,
        "CreationTime": held.creation_time,
        "TrainingStartTime": held.training_start_time,
        "TrainingEndTime": held.training_end_time,
        "LastModifiedTime": held.last_modified_time,
        "FailureReason": held.failure_reason,
        "Tags": tags(request),
    }
    if held.training_job_status == "Completed":
        detail["ModelArtifacts"] = held.model_artifacts
        detail["FinalMetricDataList"] = held.final_metric_data_list
    return as_event(detail)


def processing_detail(request: Request, held: Any) -> dict[str, Any]:
    """The detail of a processing job's event. ``held`` is the job as described."""
    return as_event(
        {
            **_given(request, _PROCESSING),
            "ProcessingJobArn": held.arn,
            "ProcessingJobStatus": held.processing_job_status,
            "CreationTime": held.creation_time,
            "ProcessingStartTime": held.processing_start_time,
            "ProcessingEndTime": held.processing_end_time,
            "LastModifiedTime": held.last_modified_time,
            "FailureReason": held.failure_reason,
            "ExitMessage": held.exit_message,
            "Tags": tags(request),
        }
    )


def transform_detail(request: Request, held: Any) -> dict[str, Any]:
    """The detail of a transform job's event. ``held`` is the job as described."""
    return as_event(
        {
            **_given(request, _TRANSFORM),
            "TransformJobArn": held.arn,
            "TransformJobStatus": held.transform_job_status,
            "FailureReason": held.failure_reason,
            "CreationTime": held.creation_time,
            "TransformStartTime": held.transform_start_time,
            "TransformEndTime": held.transform_end_time,
            "Tags": tags(request),
        }
    )


def tags(request: Request) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in request.get("Tags") or []}


def as_event(detail: Mapping[str, Any]) -> dict[str, Any]:
    """Remove members that are None, and convert times to milliseconds."""
    return {key: _value(value) for key, value in detail.items() if value is not None}


def _given(request: Request, keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: request[key] for key in keys if request.get(key)}


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return epoch_milliseconds(value)
    if isinstance(value, Mapping):
        return {key: _value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_value(item) for item in value]
    return value
