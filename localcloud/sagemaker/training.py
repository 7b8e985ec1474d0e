"""SageMaker training jobs: the image's ``train`` runs in an ``/opt/ml`` tree.

Stock moto runs nothing: a job is Completed when it is created, with a made-up metric, a
second job of the same name replaces the first, and StopTrainingJob is missing.
"""

from collections.abc import Mapping
from threading import Lock
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.models import FakeTrainingJob, SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse

from localcloud import process_engine
from localcloud.cloud import Cloud
from localcloud.engine import Engine
from localcloud.overrides import replace, stock
from localcloud.sagemaker import rules
from localcloud.sagemaker.job_tree import plain
from localcloud.sagemaker.training_job import TrainingJob

LONGEST = 28 * 24 * 60 * 60  # seconds
REQUIRED = ("AlgorithmSpecification", "RoleArn", "OutputDataConfig", "ResourceConfig",
            "StoppingCondition")  # fmt: skip
UNSUPPORTED = ("EnableManagedSpotTraining", "CheckpointConfig", "TensorBoardOutputConfig")


def install(cloud: Cloud, engine: Engine | None = None) -> None:
    """Run training jobs with the engine; the process engine unless another is given."""
    runner = engine or process_engine.for_cloud(cloud)
    jobs: dict[str, TrainingJob] = {}
    lock = Lock()
    stock_create = stock(SageMakerResponse, "create_training_job")

    def create_training_job(self: SageMakerResponse) -> ActionResult:
        request = plain(self.params)
        backend = self.sagemaker_backend
        _validate(request)
        with lock:
            name = request["TrainingJobName"]
            if name in backend.training_jobs:
                raise rules.in_use(
                    "Training job names must be unique within an AWS account and region, and a "
                    f"training job with this name already exists ({_arn(backend, name)})"
                )
            answer: ActionResult = stock_create(self)
            held = backend.training_jobs[name]
            _correct(held, request)
            jobs[held.arn] = TrainingJob(cloud, runner, held, request)
        cloud.workers.submit(jobs[held.arn].run)
        return answer

    def stop_training_job(self: SageMakerResponse) -> ActionResult:
        name = self._get_param("TrainingJobName")
        held = self.sagemaker_backend.training_jobs.get(name)
        if held is None:
            arn = _arn(self.sagemaker_backend, name)
            raise rules.invalid(f"Requested resource not found: {arn}")
        job = jobs[held.arn]
        if job.ended:
            raise rules.invalid(
                f"The request was rejected because the training job is in status "
                f"{held.training_job_status}."
            )
        job.stop()
        return EmptyResult()

    replace(SageMakerResponse, "create_training_job", create_training_job)
    replace(SageMakerResponse, "stop_training_job", stop_training_job)


def _arn(backend: SageMakerModelBackend, name: str) -> str:
    return str(FakeTrainingJob.arn_formatter(name, backend.account_id, backend.region_name))


def _validate(request: Mapping[str, Any]) -> None:
    rules.require_name("trainingJobName", request.get("TrainingJobName"))
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
        raise rules.invalid(f"{place}InputMode {mode} is not supported by the laptop's cloud; "
                            "use File")  # fmt: skip
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
    held.final_metric_data_list = []
    held.training_start_time = None
    held.training_end_time = None
    held.failure_reason = None
