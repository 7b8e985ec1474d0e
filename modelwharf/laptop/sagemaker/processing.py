"""SageMaker processing jobs: the image's program reads and writes S3 prefixes.

Stock moto drops a job's environment and its resources.
"""

from collections.abc import Mapping
from typing import Any

from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.sagemaker import job_calls, rules
from modelwharf.laptop.sagemaker.job_calls import JobCalls
from modelwharf.laptop.sagemaker.job_tree import OPT_ML
from modelwharf.laptop.sagemaker.processing_job import ProcessingJob

LONGEST = 5 * 24 * 60 * 60  # seconds
REQUIRED = ("AppSpecification", "RoleArn", "ProcessingResources")


def install(cloud: Cloud) -> None:
    """Run processing jobs with the cloud's engine."""
    calls = JobCalls(
        ProcessingJob,
        _validate,
        _correct,
        cluster=lambda request: request["ProcessingResources"].get("ClusterConfig") or {},
        not_found="Could not find processing job '{arn}'.",
    )
    job_calls.install(calls, cloud)


def _validate(request: Mapping[str, Any]) -> None:
    rules.require_fields(request, REQUIRED)
    rules.require_fields(request["AppSpecification"], ("ImageUri",))
    rules.require_environment(request.get("Environment") or {}, rules.PROCESSING_VARIABLE)
    rules.require_runtime(request.get("StoppingCondition") or {}, LONGEST)
    cluster = request["ProcessingResources"].get("ClusterConfig") or {}
    rules.require_one_instance("ProcessingResources.ClusterConfig", cluster.get("InstanceCount", 1))
    for item in request.get("ProcessingInputs") or []:
        _validate_transfer(f"ProcessingInputs.{item['InputName']}", item.get("S3Input"))
    for item in (request.get("ProcessingOutputConfig") or {}).get("Outputs") or []:
        place = f"ProcessingOutputConfig.{item['OutputName']}"
        _validate_transfer(place, item.get("S3Output"))
        if item["S3Output"].get("S3UploadMode", "EndOfJob") != "EndOfJob":
            raise rules.invalid(f"{place}: the laptop's cloud uploads at EndOfJob only")


def _validate_transfer(place: str, found: Mapping[str, Any] | None) -> None:
    if not found:
        raise rules.invalid(f"{place}: the laptop's cloud moves data from and to S3 only")
    path = found.get("LocalPath") or ""
    if not path.startswith(f"{OPT_ML}/processing/"):
        raise rules.invalid(f"{place}: LocalPath {path!r} must be under {OPT_ML}/processing/")
    if found.get("S3DataType", "S3Prefix") != "S3Prefix":
        raise rules.invalid(
            f"{place}: S3DataType {found['S3DataType']} is not supported by the laptop's cloud; "
            "use S3Prefix"
        )
    for key, allowed in (("S3InputMode", "File"), ("S3CompressionType", "None")):
        if found.get(key, allowed) != allowed:
            raise rules.invalid(
                f"{place}: {key} {found[key]} is not supported by the laptop's cloud; use {allowed}"
            )


def _correct(held: Any, request: Mapping[str, Any]) -> None:
    """Add values that moto drops, and remove the end that it sets at the start."""
    held.environment = request.get("Environment") or {}
    held.processing_resources = request["ProcessingResources"]
    held.processing_start_time = None
    held.processing_end_time = None
    held.failure_reason = None
    held.exit_message = None
