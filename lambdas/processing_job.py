"""The prepare program as a SageMaker processing job."""

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from pydantic import JsonValue

from lambdas.archive import read_object
from lambdas.errors import DataRejected, PreparationFailed, ReleaseError
from lambdas.instance_types import processing_type
from lambdas.job_operations import JobOperations
from lambdas.runtime import Runtime
from lambdas.submission import Submission, abandoned, not_found, submit_once
from lambdas.tags import release_tags
from lambdas.verdict import Running, Succeeded, Verdict, failed
from lambdas.waiter_rows import Waiter
from modelwharf.artifact.evaluation import FINDING, FINDINGS
from modelwharf.contracts.jobs import PROCESSING
from modelwharf.contracts.names import data_prefix, job_name, parameter_path, raw_prefix
from modelwharf.contracts.release import Image, Plan, PreparedData, ReleaseDocument

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import (
        AppSpecificationTypeDef,
        DescribeProcessingJobResponseTypeDef,
        ProcessingInputTypeDef,
    )

INPUT_FOLDER = "/opt/ml/processing/input"
PREVIOUS_FOLDER = "/opt/ml/processing/previous"
OUTPUT_FOLDER = "/opt/ml/processing/output"
REPORT_FILE = "report.json"
REPORT_ITEMS = 100  # items; the release document carries a summary, never a payload
TEXT_LIMIT = 200  # characters
EXCEPTION = re.compile(r"(?:\w+\.)*\w*(?:Error|Exception|Interrupt|Warning)(?::|$)|Traceback ")
"""The first line of an uncaught exception, in Python and in other languages."""


def processing_name(document: ReleaseDocument) -> str:
    return job_name(document.project, document.release_id, "prepare")


def raw_uri(runtime: Runtime, release: str) -> str:
    return f"s3://{runtime.environment.artifact_bucket}/{raw_prefix(release)}"


def data_uri(runtime: Runtime, release: str) -> str:
    return f"s3://{runtime.environment.artifact_bucket}/{data_prefix(release)}"


def serving_data(runtime: Runtime, release: str) -> str | None:
    """Return the URI of the champion's data; None without a champion, or when it has no such data.

    Its data may have needed no preparing, or may have been deleted: SageMaker fails a job with an
    empty input.
    """
    champion = runtime.ledger.champion(runtime.environment.endpoint)
    if champion is None or champion.release_id == release:
        return None
    found = runtime.clients.s3.list_objects_v2(
        Bucket=runtime.environment.artifact_bucket,
        Prefix=data_prefix(champion.release_id),
        MaxKeys=1,
    )
    return data_uri(runtime, champion.release_id) if found.get("KeyCount") else None


def submit_processing(
    runtime: Runtime, document: ReleaseDocument, plan: Plan, image: Image
) -> Submission:
    name = processing_name(document)
    release = document.release_id
    inputs = [_input("raw", raw_uri(runtime, release), INPUT_FOLDER)]
    previous = serving_data(runtime, release)
    if previous is not None:
        inputs.append(_input("previous", previous, PREVIOUS_FOLDER))
    return submit_once(
        name,
        lambda: runtime.clients.sagemaker.create_processing_job(
            ProcessingJobName=name,
            AppSpecification=_program(image, plan.data.prepare_arguments),
            ProcessingResources={
                "ClusterConfig": {
                    "InstanceCount": 1,
                    "InstanceType": processing_type(plan.data),
                    "VolumeSizeInGB": plan.data.volume_gb,
                }
            },
            StoppingCondition={"MaxRuntimeInSeconds": plan.data.max_runtime_seconds},
            NetworkConfig={"EnableNetworkIsolation": plan.data.network_isolation},
            ProcessingInputs=inputs,
            ProcessingOutputConfig={
                "Outputs": [
                    {
                        "OutputName": "data",
                        "S3Output": {
                            "S3Uri": data_uri(runtime, release),
                            "LocalPath": OUTPUT_FOLDER,
                            "S3UploadMode": "EndOfJob",
                        },
                    }
                ],
                "KmsKeyId": runtime.environment.storage_key_arn,
            },
            RoleArn=runtime.environment.prepare_role_arn,
            Tags=release_tags(document),
        ),
    )


def _input(name: str, uri: str, folder: str) -> "ProcessingInputTypeDef":
    return {
        "InputName": name,
        "S3Input": {
            "S3Uri": uri,
            "LocalPath": folder,
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
        },
    }


def _program(image: Image, arguments: Sequence[str]) -> "AppSpecificationTypeDef":
    return {"ImageUri": image.uri, "ContainerArguments": list(arguments)}


def settle_processing(runtime: Runtime, waiter: Waiter) -> Verdict:
    name = waiter.subject
    try:
        job = runtime.clients.sagemaker.describe_processing_job(ProcessingJobName=name)
    except ClientError as error:
        if not not_found(error):
            raise
        if abandoned(runtime, waiter) or waiter.submitted:
            return failed(PreparationFailed(f"there is no processing job {name}"))
        return Running()
    status = job["ProcessingJobStatus"]
    if status == "Completed":
        return Succeeded(output=_prepared(runtime, waiter.release_id, name))
    if status in ("Failed", "Stopped"):
        return failed(_meaning(job)(_reason(runtime, job)))
    return Running()


def _meaning(job: "DescribeProcessingJobResponseTypeDef") -> type[ReleaseError]:
    """Return DataRejected if the program refused the data, PreparationFailed if it broke.

    A refusal is an exit message in the program's own words; an exception's name there is a failure.
    """
    refused = job["ProcessingJobStatus"] == "Failed" and job.get("ExitMessage")
    return DataRejected if refused and not EXCEPTION.match(refused) else PreparationFailed


def _reason(runtime: Runtime, job: "DescribeProcessingJobResponseTypeDef") -> str:
    """Return the program's own message if any, otherwise SageMaker's; then the job's name."""
    name, status = job["ProcessingJobName"], job["ProcessingJobStatus"]
    words = job.get("ExitMessage") or job.get("FailureReason") or "no reason was given"
    path = parameter_path(runtime.environment.project, "data")
    limit = job.get("StoppingCondition", {}).get("MaxRuntimeInSeconds")
    if limit and _ran_for(job) >= limit:
        return (
            f"stopped at its limit of {limit} seconds: {words}; raise max_runtime_seconds in {path}"
            f"\nprocessing job {name} {status}"
        )
    if status == "Failed" and not job.get("ExitMessage"):
        words += (
            f'. If the image has no prepare program and needs none, set "prepare": false in {path}'
        )
    return f"{words}\nprocessing job {name} {status}"


def _ran_for(job: "DescribeProcessingJobResponseTypeDef") -> float:
    """Return the seconds between the job's start and end."""
    start, end = job.get("ProcessingStartTime"), job.get("ProcessingEndTime")
    return 0.0 if start is None or end is None else (end - start).total_seconds()


def _prepared(runtime: Runtime, release: str, job: str) -> PreparedData:
    uri = data_uri(runtime, release)
    text = read_object(runtime.clients.s3, uri + REPORT_FILE)
    report = _report(text)
    fingerprint = report.get("fingerprint")
    return PreparedData(
        uri=uri,
        job=job,
        fingerprint=None if fingerprint is None else str(fingerprint),
        report=_summary(report),
        findings=_findings(report),
    )


def _report(text: bytes | None) -> dict[str, Any]:
    """Parse the optional report; anything but a JSON object counts as no report."""
    try:
        report = json.loads(text or b"{}")
    except ValueError:
        return {}
    return report if isinstance(report, dict) else {}


def _findings(report: dict[str, Any]) -> tuple[str, ...]:
    found = report.get("findings")
    sentences = [one for one in found if isinstance(one, str)] if isinstance(found, list) else []
    return tuple(one[:FINDING] for one in sentences[:FINDINGS])


def _summary(report: dict[str, Any]) -> dict[str, JsonValue]:
    """Return the report's scalars; nested objects are flattened to ``outer.inner``."""
    flat: dict[str, JsonValue] = {}
    for key, value in report.items():
        if isinstance(value, dict):
            flat.update({f"{key}.{inner}": item for inner, item in _summary(value).items()})
        elif isinstance(value, str):
            flat[key] = value[:TEXT_LIMIT]
        elif value is None or isinstance(value, bool | int | float):
            flat[key] = value
    return dict(list(flat.items())[:REPORT_ITEMS])


OPERATIONS = JobOperations(
    type=PROCESSING,
    settle=settle_processing,
    stop=lambda clients, job: clients.sagemaker.stop_processing_job(ProcessingJobName=job),
)
