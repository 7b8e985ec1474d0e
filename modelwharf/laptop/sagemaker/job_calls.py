"""Create…, Stop… and List… of SageMaker's jobs, the same for each kind of job.

Stock moto runs nothing: a job is Completed when it is created, and a second job of the same
name replaces the first. StopTrainingJob is missing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.responses import SageMakerResponse

from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.overrides import replace, stock
from modelwharf.laptop.sagemaker import job_lists, rules
from modelwharf.laptop.sagemaker.job import Job
from modelwharf.laptop.sagemaker.job_tree import plain

Request = Mapping[str, Any]


@dataclass(frozen=True)
class JobCalls:
    """The specifics of one kind of job in these calls."""

    job: type[Job]
    validate: Callable[[Request], None]
    """Raises ValidationException for requests that AWS, or the laptop's cloud, refuses."""
    correct: Callable[[Any, Request], None]
    """Removes invented values from moto's job, and adds missing ones."""
    cluster: Callable[[Request], Mapping[str, Any]]
    """The part of the request with InstanceType and InstanceCount, which the quota counts."""
    not_found: str
    """Stop…'s error text for a missing job. ``{arn}`` stands for the job's ARN."""
    most_instances: str = ""
    """The quota on the instances of one job, if a job may have several."""


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
    """Raise ResourceLimitExceeded when the account's quota of such instances is reached."""
    wanted = calls.cluster(request)
    if calls.most_instances:
        cloud.quotas.require(calls.most_instances, 0, _instances(wanted))
    instance_type = str(wanted.get("InstanceType"))
    clusters = [calls.cluster(job.request) for job in jobs if not job.ended]
    used = sum(_instances(c) for c in clusters if c.get("InstanceType") == instance_type)
    cloud.quotas.require_instances(instance_type, calls.job.kind.words, used, _instances(wanted))


def _instances(cluster: Mapping[str, Any]) -> int:
    return int(cluster.get("InstanceCount") or 1)
