"""Create…, Stop… and List… of SageMaker's jobs: each kind is refused, started, stopped alike.

Stock moto runs nothing: a job is Completed when it is created, and a second job of the same
name replaces the first. StopTrainingJob is missing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.responses import SageMakerResponse

from localcloud.cloud import Cloud
from localcloud.overrides import replace, stock
from localcloud.sagemaker import job_lists, rules
from localcloud.sagemaker.job import Job
from localcloud.sagemaker.job_tree import plain

Request = Mapping[str, Any]


@dataclass(frozen=True)
class JobCalls:
    """What is particular in the calls of one kind of job."""

    job: type[Job]
    validate: Callable[[Request], None]
    """Raises ValidationException for what AWS, or the laptop's cloud, refuses."""
    correct: Callable[[Any, Request], None]
    """Takes out of moto's job what moto made up, and puts in what it forgot."""
    cluster: Callable[[Request], Mapping[str, Any]]
    """Where InstanceType and InstanceCount stand; the account's quota counts them."""
    not_found: str
    """What Stop… says of a job that is not there; ``{arn}`` would be its ARN."""


def install(calls: JobCalls, cloud: Cloud) -> None:
    """Run this kind of job with the cloud's engine."""
    kind = calls.job.kind
    key = f"{kind.api}Name"
    create_name, stop_name = f"create_{kind.snake}", f"stop_{kind.snake}"
    stock_create = stock(SageMakerResponse, create_name)
    jobs: dict[str, Job] = {}
    lock = Lock()

    def held_by(response: SageMakerResponse) -> dict[str, Any]:
        found: dict[str, Any] = getattr(response.sagemaker_backend, f"{kind.snake}s")
        return found

    def create(self: SageMakerResponse) -> ActionResult:
        request = plain(self.params)
        name = rules.require_name(key[0].lower() + key[1:], request.get(key))
        calls.validate(request)
        with lock:
            if name in held_by(self):
                raise rules.in_use(
                    f"{kind.words.capitalize()} names must be unique within an AWS account and "
                    f"region, and a {kind.words} with this name already exists "
                    f"({held_by(self)[name].arn})"
                )
            _require_quota(calls, cloud, jobs.values(), request)
            answer: ActionResult = stock_create(self)
            held = held_by(self)[name]
            calls.correct(held, request)
            job = jobs[held.arn] = calls.job(cloud, held, request)
        cloud.workers.submit(job.run)
        return answer

    def stop(self: SageMakerResponse) -> ActionResult:
        name = self._get_param(key)
        held = held_by(self).get(name)
        if held is None:
            arn = cloud.arn("sagemaker", f"{kind.kebab}/{name}")
            raise rules.invalid(calls.not_found.format(arn=arn))
        job = jobs[held.arn]
        if job.ended:
            raise rules.invalid(
                f"The request was rejected because the {kind.words} is in status {job.status}."
            )
        job.stop()
        return EmptyResult()

    replace(SageMakerResponse, create_name, create)
    replace(SageMakerResponse, stop_name, stop)
    job_lists.install(kind, held_by)


def _require_quota(calls: JobCalls, cloud: Cloud, jobs: Iterable[Job], request: Request) -> None:
    """Raises ResourceLimitExceeded when the account may not have more such instances."""
    wanted = calls.cluster(request)
    instance_type = str(wanted.get("InstanceType"))
    clusters = [calls.cluster(job.request) for job in jobs if not job.ended]
    used = sum(_instances(c) for c in clusters if c.get("InstanceType") == instance_type)
    cloud.quotas.require_instances(instance_type, calls.job.kind.words, used, _instances(wanted))


def _instances(cluster: Mapping[str, Any]) -> int:
    return int(cluster.get("InstanceCount") or 1)
