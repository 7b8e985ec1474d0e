"""SageMaker processing jobs: the image's program between S3 prefixes.

Stock moto runs nothing: a job is Completed when it is created; it forgets the environment
and the resources, and a second job of the same name replaces the first.
"""

from collections.abc import Mapping
from threading import Lock
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.models import FakeProcessingJob, SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse

from localcloud import process_engine
from localcloud.cloud import Cloud
from localcloud.engine import Engine
from localcloud.overrides import replace, stock
from localcloud.sagemaker import rules
from localcloud.sagemaker.job_tree import OPT_ML, plain
from localcloud.sagemaker.processing_job import ProcessingJob

LONGEST = 5 * 24 * 60 * 60  # seconds
REQUIRED = ("AppSpecification", "RoleArn", "ProcessingResources")


def install(cloud: Cloud, engine: Engine | None = None) -> None:
    """Run processing jobs with the engine; the process engine unless another is given."""
    runner = engine or process_engine.for_cloud(cloud)
    jobs: dict[str, ProcessingJob] = {}
    lock = Lock()
    stock_create = stock(SageMakerResponse, "create_processing_job")

    def create_processing_job(self: SageMakerResponse) -> ActionResult:
        request = plain(self.params)
        backend = self.sagemaker_backend
        _validate(request)
        with lock:
            name = request["ProcessingJobName"]
            if name in backend.processing_jobs:
                raise rules.in_use(
                    "Processing job names must be unique within an AWS account and region, and a "
                    f"processing job with this name already exists ({_arn(backend, name)})"
                )
            answer: ActionResult = stock_create(self)
            held = backend.processing_jobs[name]
            _correct(held, request)
            jobs[held.arn] = ProcessingJob(cloud, runner, held, request)
        cloud.workers.submit(jobs[held.arn].run)
        return answer

    def stop_processing_job(self: SageMakerResponse) -> ActionResult:
        name = self._get_param("ProcessingJobName")
        held = self.sagemaker_backend.processing_jobs.get(name)
        if held is None:
            arn = _arn(self.sagemaker_backend, name)
            raise rules.invalid(f"Could not find processing job '{arn}'.")
        job = jobs[held.arn]
        if job.ended:
            raise rules.invalid(
                "The request was rejected because the processing job is in status "
                f"{held.processing_job_status}."
            )
        job.stop()
        return EmptyResult()

    replace(SageMakerResponse, "create_processing_job", create_processing_job)
    replace(SageMakerResponse, "stop_processing_job", stop_processing_job)


def _arn(backend: SageMakerModelBackend, name: str) -> str:
    return str(FakeProcessingJob.arn_formatter(name, backend.account_id, backend.region_name))


def _validate(request: Mapping[str, Any]) -> None:
    rules.require_name("processingJobName", request.get("ProcessingJobName"))
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
        raise rules.invalid(f"{place}: S3DataType {found['S3DataType']} is not supported by the "
                            "laptop's cloud; use S3Prefix")  # fmt: skip
    for key, allowed in (("S3InputMode", "File"), ("S3CompressionType", "None")):
        if found.get(key, allowed) != allowed:
            raise rules.invalid(f"{place}: {key} {found[key]} is not supported by the laptop's "
                                f"cloud; use {allowed}")  # fmt: skip


def _correct(held: Any, request: Mapping[str, Any]) -> None:
    """Add what moto forgets, and take back the end that has not come."""
    held.environment = request.get("Environment") or {}
    held.processing_resources = request["ProcessingResources"]
    held.processing_start_time = None
    held.processing_end_time = None
    held.failure_reason = None
    held.exit_message = None
