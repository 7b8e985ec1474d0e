"""Resume: from a service's state-change event, or the sweep's schedule, to the waiting tokens.

An event is only a hint to look: what counts is the job's true status. A lost, doubled or
reordered event changes nothing.
"""

from collections.abc import Iterable
from typing import Any

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, Field

from lambdas.approval import approval_job
from lambdas.build import build_job
from lambdas.entry import entry
from lambdas.errors import AccessDenied, translated
from lambdas.ledger import Kind, Waiter
from lambdas.log import logger
from lambdas.site import Site
from lambdas.verdict import failed
from lambdas.waiting import answer, answer_if_over


class StateChange(BaseModel):
    """An EventBridge event, as far as it is read."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    detail_type: str = Field(alias="detail-type")
    detail: dict[str, Any] = {}


def resume_release(site: Site, event: StateChange) -> None:
    """Answer each token whose job is over. One bad row does not hold back the others."""
    failures: list[Exception] = []
    for waiter in waiters(site, event):
        logger.append_keys(release_id=waiter.release_id)
        try:
            answer_or_refuse(site, waiter)
        except Exception as error:  # reported below, after everyone had their turn
            logger.exception("could not settle", job=waiter.job)
            failures.append(error)
    if failures:
        raise ExceptionGroup("some rows could not be settled; the sweep tries again", failures)


def answer_or_refuse(site: Site, waiter: Waiter) -> None:
    """Answer the token if its job is over, or if this function is not allowed to find that out.

    A missing permission does not come by itself, and the release would wait for its state's
    time-out. Its row stays, so that the roll back knows of the job, which may still run.
    """
    try:
        answer_if_over(site, waiter)
    except ClientError as error:
        denial = translated(error)
        if not isinstance(denial, AccessDenied):
            raise
        logger.exception("not allowed to settle", job=waiter.job)
        waited = answer(site, waiter.token, failed(denial))
        if waited and waiter.kind is not Kind.ROLLBACK:
            again = site.now() + site.environment.sweep_after_seconds
            site.ledger.check_again_at(waiter, again)
        else:
            site.ledger.mark_done(waiter)


def waiters(site: Site, event: StateChange) -> Iterable[Waiter]:
    """Who waits for what the event tells of."""
    detail, ledger = event.detail, site.ledger
    match event.detail_type:
        case "Scheduled Event":
            return ledger.waiters_due(site.now())
        case "CodeBuild Build State Change":
            return build_waiters(site, detail["build-id"])
        case "SageMaker Processing Job State Change":
            return ledger.waiters(f"processing/{detail['ProcessingJobName']}")
        case "SageMaker Training Job State Change":
            return ledger.waiters(f"training/{detail['TrainingJobName']}")
        case "SageMaker Model Package State Change":
            return ledger.waiters(approval_job(detail["ModelPackageArn"]))
        case "SageMaker Endpoint State Change":
            return ledger.endpoint_waiters(detail["EndpointName"])
        case unknown:
            logger.warning("an event that nobody waits for", detail_type=unknown)
            return []


def build_waiters(site: Site, build_arn: str) -> list[Waiter]:
    """Everyone who waits for the build's image.

    A build can end before the function that started it has written down its id; the id is
    then the event's.
    """
    build_id = build_arn.split(":build/", 1)[-1]
    builds = site.clients.codebuild.batch_get_builds(ids=[build_id])["builds"]
    if not builds:
        return []
    variables = {
        variable["name"]: variable["value"]
        for variable in builds[0]["environment"].get("environmentVariables", [])
    }
    if not {"IMAGE_REPOSITORY", "IMAGE_TAG"} <= variables.keys():
        logger.info("a build of no release", build=build_id)
        return []
    job = build_job(variables["IMAGE_REPOSITORY"], variables["IMAGE_TAG"])
    return [
        waiter if waiter.subject else waiter.model_copy(update={"subject": build_id})
        for waiter in site.ledger.waiters(job)
    ]


@entry(StateChange)
def handler(event: StateChange, site: Site) -> None:
    resume_release(site, event)
