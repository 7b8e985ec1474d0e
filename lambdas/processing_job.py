"""The prepare program as a SageMaker processing job."""

import json
import re
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError
from pydantic import JsonValue

from contracts.names import data_prefix, job_name, parameter_path, raw_prefix
from contracts.release import Image, Plan, PreparedData, ReleaseDocument
from lambdas.archive import read_object
from lambdas.errors import DataRejected, PreparationFailed, ReleaseError
from lambdas.site import Site
from lambdas.submission import Submission, abandoned, not_found, submit_once
from lambdas.tags import release_tags
from lambdas.verdict import Running, Succeeded, Verdict, failed
from lambdas.waiter_rows import Waiter

INPUT_FOLDER = "/opt/ml/processing/input"
OUTPUT_FOLDER = "/opt/ml/processing/output"
REPORT_FILE = "report.json"
REPORT_ITEMS = 50  # the release document carries a summary, never a payload
TEXT_LIMIT = 200  # characters
EXCEPTION = re.compile(r"(?:\w+\.)*\w*(?:Error|Exception|Interrupt|Warning)(?::|$)|Traceback ")
"""How a program that broke begins, in Python's words and in other languages'."""


def processing_name(document: ReleaseDocument) -> str:
    return job_name(document.project, document.release_id, "prepare")


def raw_uri(site: Site, release: str) -> str:
    return f"s3://{site.environment.artifact_bucket}/{raw_prefix(release)}"


def data_uri(site: Site, release: str) -> str:
    return f"s3://{site.environment.artifact_bucket}/{data_prefix(release)}"


def submit_processing(
    site: Site, document: ReleaseDocument, plan: Plan, image: Image
) -> Submission:
    name = processing_name(document)
    release = document.release_id
    return submit_once(
        name,
        lambda: site.clients.sagemaker.create_processing_job(
            ProcessingJobName=name,
            AppSpecification=_program(image, plan.data.prepare_arguments),
            ProcessingResources={
                "ClusterConfig": {
                    "InstanceCount": 1,
                    "InstanceType": plan.data.instance_type,
                    "VolumeSizeInGB": plan.data.volume_gb,
                }
            },
            StoppingCondition={"MaxRuntimeInSeconds": plan.data.max_runtime_seconds},
            NetworkConfig={"EnableNetworkIsolation": plan.data.network_isolation},
            ProcessingInputs=[
                {
                    "InputName": "raw",
                    "S3Input": {
                        "S3Uri": raw_uri(site, release),
                        "LocalPath": INPUT_FOLDER,
                        "S3DataType": "S3Prefix",
                        "S3InputMode": "File",
                    },
                }
            ],
            ProcessingOutputConfig={
                "Outputs": [
                    {
                        "OutputName": "data",
                        "S3Output": {
                            "S3Uri": data_uri(site, release),
                            "LocalPath": OUTPUT_FOLDER,
                            "S3UploadMode": "EndOfJob",
                        },
                    }
                ],
                "KmsKeyId": site.environment.storage_key_arn,
            },
            RoleArn=site.environment.prepare_role_arn,
            Tags=release_tags(document),
        ),
    )


def _program(image: Image, arguments: Sequence[str]) -> dict[str, Any]:
    return {"ImageUri": image.uri, "ContainerArguments": list(arguments)}


def settle_processing(site: Site, waiter: Waiter) -> Verdict:
    name = waiter.subject
    try:
        job = site.clients.sagemaker.describe_processing_job(ProcessingJobName=name)
    except ClientError as error:
        if not not_found(error):
            raise
        if abandoned(site, waiter) or waiter.submitted:
            return failed(PreparationFailed(f"there is no processing job {name}"))
        return Running()
    status = job["ProcessingJobStatus"]
    if status == "Completed":
        return Succeeded(output=_prepared(site, waiter.release_id, name))
    if status in ("Failed", "Stopped"):
        return failed(_meaning(job)(_reason(site, job)))
    return Running()


def _meaning(job: dict[str, Any]) -> type[ReleaseError]:
    """Whether the program refused the data, or broke before it could judge them.

    What it refuses it says in its exit message; an exception's name there is none of its words.
    """
    refused = job["ProcessingJobStatus"] == "Failed" and job.get("ExitMessage")
    return DataRejected if refused and not EXCEPTION.match(refused) else PreparationFailed


def _reason(site: Site, job: dict[str, Any]) -> str:
    """The program's own words if it left any, otherwise SageMaker's; then which job."""
    name, status = job["ProcessingJobName"], job["ProcessingJobStatus"]
    words = job.get("ExitMessage") or job.get("FailureReason") or "no reason was given"
    path = parameter_path(site.environment.project, "data")
    limit = job.get("StoppingCondition", {}).get("MaxRuntimeInSeconds")
    if limit and _ran_for(job) >= limit:
        return (
            f"stopped at its limit of {limit} seconds: {words}; raise max_runtime_seconds in {path}"
            f"\nprocessing job {name} {status}"
        )
    if status == "Failed" and not job.get("ExitMessage"):
        words += (
            ". An image without a prepare program, whose data come ready, wants "
            f'"prepare": false in {path}'
        )
    return f"{words}\nprocessing job {name} {status}"


def _ran_for(job: dict[str, Any]) -> float:
    """Seconds between the job's start and end."""
    start, end = job.get("ProcessingStartTime"), job.get("ProcessingEndTime")
    return 0.0 if start is None or end is None else (end - start).total_seconds()


def _prepared(site: Site, release: str, job: str) -> PreparedData:
    uri = data_uri(site, release)
    text = read_object(site.clients.s3, uri + REPORT_FILE)
    report = _report(text)
    fingerprint = report.get("fingerprint")
    return PreparedData(
        uri=uri,
        job=job,
        fingerprint=None if fingerprint is None else str(fingerprint),
        report=_summary(report),
    )


def _report(text: bytes | None) -> dict[str, Any]:
    """A report is optional, and so is its shape: what is no JSON object is no report."""
    try:
        report = json.loads(text or b"{}")
    except ValueError:
        return {}
    return report if isinstance(report, dict) else {}


def _summary(report: dict[str, Any]) -> dict[str, JsonValue]:
    """The report's scalars; nested objects are flattened to ``outer.inner``."""
    flat: dict[str, JsonValue] = {}
    for key, value in report.items():
        if isinstance(value, dict):
            flat.update({f"{key}.{inner}": item for inner, item in _summary(value).items()})
        elif isinstance(value, str):
            flat[key] = value[:TEXT_LIMIT]
        elif value is None or isinstance(value, bool | int | float):
            flat[key] = value
    return dict(list(flat.items())[:REPORT_ITEMS])
