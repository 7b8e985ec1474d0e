"""The training program as a SageMaker training job."""

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lambdas.archive import holds_nothing, object_exists, object_version
from lambdas.errors import TrainingFailed
from lambdas.instance_types import training_type
from lambdas.job_operations import JobOperations
from lambdas.runtime import Runtime
from lambdas.submission import Submission, abandoned, not_found, submit_once
from lambdas.tags import release_tags
from lambdas.trained_model import remember
from lambdas.verdict import Running, Succeeded, Verdict, failed
from lambdas.waiter_rows import Waiter
from modelwharf.contracts.jobs import TRAINING
from modelwharf.contracts.names import job_name, parameter_path, training_prefix
from modelwharf.contracts.parameters import TRAINING_CHANNEL, Hyperparameter
from modelwharf.contracts.release import Image, Plan, PreparedData, ReleaseDocument, TrainingResult

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import ChannelTypeDef
    from mypy_boto3_sagemaker.type_defs import DescribeTrainingJobResponseTypeDef as TrainingJob


def training_name(document: ReleaseDocument) -> str:
    return job_name(document.project, document.release_id, "train")


def hyperparameter(value: Hyperparameter) -> str:
    """Format a hyperparameter as SageMaker's string; numbers and booleans as in JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def hyperparameters(values: Mapping[str, Hyperparameter]) -> dict[str, str]:
    return {key: hyperparameter(value) for key, value in values.items()}


def submit_training(
    runtime: Runtime, document: ReleaseDocument, plan: Plan, image: Image, data: PreparedData
) -> Submission:
    name = training_name(document)
    settings = plan.training
    prefix = training_prefix(document.release_id).rstrip("/")
    return submit_once(
        name,
        lambda: runtime.clients.sagemaker.create_training_job(
            TrainingJobName=name,
            AlgorithmSpecification={
                "TrainingImage": image.uri,
                "TrainingInputMode": "File",
                "MetricDefinitions": [
                    {"Name": metric.name, "Regex": metric.regex}
                    for metric in settings.metric_definitions
                ],
            },
            HyperParameters=hyperparameters(settings.hyperparameters),
            InputDataConfig=[
                _channel(name, uri)
                for name, uri in (data.channels or {TRAINING_CHANNEL: data.uri}).items()
            ],
            OutputDataConfig={
                "S3OutputPath": f"s3://{runtime.environment.artifact_bucket}/{prefix}",
                # Without it SageMaker uses the account's S3 key, not the bucket's.
                "KmsKeyId": runtime.environment.storage_key_arn,
            },
            ResourceConfig={
                "InstanceType": training_type(settings),
                "InstanceCount": settings.instance_count,
                "VolumeSizeInGB": settings.volume_gb,
            },
            StoppingCondition={"MaxRuntimeInSeconds": settings.max_runtime_seconds},
            EnableNetworkIsolation=settings.network_isolation,
            RoleArn=runtime.environment.train_role_arn,
            Tags=release_tags(document),
        ),
    )


def _channel(name: str, uri: str) -> "ChannelTypeDef":
    """Make a channel of everything below ``uri``; it appears in ``/opt/ml/input/data/<name>``."""
    return {
        "ChannelName": name,
        "DataSource": {
            "S3DataSource": {
                "S3DataType": "S3Prefix",
                "S3Uri": uri,
                "S3DataDistributionType": "FullyReplicated",
            }
        },
        "InputMode": "File",
    }


def settle_training(runtime: Runtime, waiter: Waiter) -> Verdict:
    name = waiter.subject
    try:
        job = runtime.clients.sagemaker.describe_training_job(TrainingJobName=name)
    except ClientError as error:
        if not not_found(error):
            raise
        if abandoned(runtime, waiter) or waiter.submitted:
            return failed(TrainingFailed(f"there is no training job {name}"))
        return Running()
    status = job["TrainingJobStatus"]
    if status == "Completed":
        return _completed(runtime, job, waiter)
    if status in ("Failed", "Stopped"):
        return failed(TrainingFailed(_reason(runtime, job)))
    return Running()


def _completed(runtime: Runtime, job: "TrainingJob", waiter: Waiter) -> Verdict:
    name, artifact = job["TrainingJobName"], job["ModelArtifacts"]["S3ModelArtifacts"]
    version = object_version(runtime.clients.s3, artifact)
    if version is None:
        return failed(
            TrainingFailed(
                f"training job {name} is Completed, but {artifact} is not there: the program "
                "wrote nothing to /opt/ml/model, or the object was deleted"
            )
        )
    if holds_nothing(runtime, artifact):
        return failed(
            TrainingFailed(
                f"training job {name} wrote nothing to /opt/ml/model, so there is no model to serve"
            )
        )
    result = _result(runtime, job, artifact, version)
    remember(runtime, waiter, result)
    return Succeeded(output=result)


def _result(runtime: Runtime, job: "TrainingJob", artifact: str, version: str) -> TrainingResult:
    output = (
        f"{job['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{job['TrainingJobName']}"
        "/output/output.tar.gz"
    )
    return TrainingResult(
        job=job["TrainingJobName"],
        artifact=artifact,
        artifact_version=version,
        output=output if object_exists(runtime.clients.s3, output) else None,
        metrics={  # JSON has no NaN and no infinity, and a rule on a missing metric fails
            metric["MetricName"]: metric["Value"]
            for metric in job.get("FinalMetricDataList", [])
            if math.isfinite(metric["Value"])
        },
        seconds=int(job.get("TrainingTimeInSeconds") or 0),
    )


def _reason(runtime: Runtime, job: "TrainingJob") -> str:
    """Say first what went wrong: a list of releases shows only the first line."""
    name, status = job["TrainingJobName"], job["TrainingJobStatus"]
    if job.get("SecondaryStatus") == "MaxRuntimeExceeded":
        limit = job.get("StoppingCondition", {}).get("MaxRuntimeInSeconds")
        path = parameter_path(runtime.environment.project, "training")
        return (
            f"stopped at its limit of {limit} seconds (MaxRuntimeExceeded); raise "
            f"max_runtime_seconds in {path}\ntraining job {name} {status}"
        )
    words = job.get("FailureReason") or _last_message(job) or "no reason was given"
    return f"{words}\ntraining job {name} {status}"


def _last_message(job: "TrainingJob") -> str:
    transitions = job.get("SecondaryStatusTransitions")
    return transitions[-1].get("StatusMessage", "") if transitions else ""


OPERATIONS = JobOperations(
    type=TRAINING,
    settle=settle_training,
    stop=lambda clients, job: clients.sagemaker.stop_training_job(TrainingJobName=job),
)
