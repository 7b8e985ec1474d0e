"""Resume: from a service's state-change event, or the sweep's schedule, to the waiting tokens.

An event is only a hint to look: what counts is the job's true status. A lost, doubled or
reordered event changes nothing.
"""

from collections.abc import Iterable
from typing import Any

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, Field

from contracts.parameters import Outcome
from lambdas.approval import approval_job
from lambdas.build import build_job
from lambdas.entry import entry
from lambdas.errors import (
    AccessDenied,
    ReleaseError,
    SubjectGone,
    gone,
    message_of,
    translated,
)
from lambdas.log import logger
from lambdas.notification import publish, table
from lambdas.site import Site
from lambdas.submission import may_submit_still
from lambdas.undoing import begin_undoing
from lambdas.verdict import failed
from lambdas.waiter_rows import Kind, Waiter
from lambdas.waiting import answer, answer_if_over, close_late

LONGEST_DELAY = 60 * 60  # seconds between two looks at a row that cannot be settled
TOLD_AFTER = 5  # failures in a row, which is half an hour: a short fault is nobody's business


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
            logger.exception("could not settle", job=waiter.job, failures=waiter.failures + 1)
            put_off(site, waiter, error)
            if waiter.failures == 0:  # one error for each fault, not one a minute
                failures.append(error)
    if failures:
        raise ExceptionGroup("some rows could not be settled; the sweep tries again", failures)


def put_off(site: Site, waiter: Waiter, error: Exception) -> None:
    """Look again later, and later each time; tell people once, when it goes on and on."""
    delay = site.environment.sweep_after_seconds * 2**waiter.failures
    site.ledger.put_off(waiter, site.now() + min(delay, LONGEST_DELAY))
    if waiter.failures + 1 != TOLD_AFTER:
        return
    release = waiter.release_id
    publish(
        site,
        Outcome.FAILED,
        f"{site.environment.project}: nobody can see how {waiter.state} of {release} goes",
        table(
            [
                ("release", release),
                ("state", waiter.state),
                ("waits for", f"{waiter.kind.value} {waiter.subject}".rstrip()),
                ("reason", str(error)),
                ("tried", f"{TOLD_AFTER} times; it is tried again at least once an hour"),
                ("next", f"wharf show {release}"),
            ]
        ),
        release,
    )


def answer_or_refuse(site: Site, waiter: Waiter) -> None:
    """Answer the token if its job is over, or if this function can never find that out.

    What was deleted and a missing permission do not come by themselves, and the release would
    wait for its state's time-out. The row stays, so that the roll back knows of the job, which
    may still run.
    """
    if came_late(site, waiter):
        close_late(site, waiter)
        return
    try:
        answer_if_over(site, waiter)
    except ClientError as error:
        # Nobody waits for an answer about a stopped release; its row stays, and is tried again.
        final = None if waiter.kind is Kind.STOPPED else final_reason(waiter, error)
        if final is None:
            raise
        logger.exception("can never settle", job=waiter.job)
        waited = answer(site, waiter.token, failed(final))
        if waited and waiter.kind is not Kind.ROLLBACK:
            again = site.now() + site.environment.sweep_after_seconds
            site.ledger.check_again_at(waiter, again)
        else:
            site.ledger.mark_done(waiter)


def came_late(site: Site, waiter: Waiter) -> bool:
    """Whether a function wrote the row while its release was undone, which did not see it."""
    if waiter.kind in (Kind.STOPPED, Kind.ROLLBACK):
        return False
    if may_submit_still(site, waiter):
        return False
    return site.ledger.was_stopped(waiter.release_id)


def final_reason(waiter: Waiter, error: ClientError) -> ReleaseError | None:
    """Why asking again is of no use; None when it may help."""
    denial = translated(error)
    if isinstance(denial, AccessDenied):
        return denial
    if gone(error):
        what = f"{waiter.kind.value} {waiter.subject}".rstrip()
        return SubjectGone(
            f"{waiter.state} waits for {what}, which is gone: {message_of(error)}; "
            "start the release again with another reason"
        )
    return None


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
        case "Step Functions Execution Status Change":
            return begin_undoing(site, detail)
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
