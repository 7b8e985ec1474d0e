"""Waiting without polling: write the row, start the job, answer the token when it is over.

The row stands before the job does, and the job's name is derived from the release, so a
function that is killed at any line is simply called again.
"""

from collections.abc import Callable

from botocore.exceptions import ClientError
from pydantic import BaseModel

from contracts.task import WaitingTask
from lambdas.errors import code_of
from lambdas.log import logger
from lambdas.settlement import settle
from lambdas.site import Site
from lambdas.stopping import stop_job
from lambdas.submission import Submission
from lambdas.table_rows import KEEP
from lambdas.verdict import Failed, Running, Succeeded, Verdict
from lambdas.waiter_rows import Kind, Waiter

# Step Functions' own limits on SendTaskFailure, characters.
ERROR_LIMIT = 256
CAUSE_LIMIT = 32_768

# Nobody waits on such a token any more: it was answered, or its state has timed out.
DEAD_TOKEN_CODES = {"TaskDoesNotExist", "TaskTimedOut", "InvalidToken"}


def new_waiter(
    site: Site,
    task: WaitingTask,
    *,
    kind: Kind,
    state: str,
    job: str,
    subject: str = "",
    context: BaseModel | None = None,
) -> Waiter:
    now = site.now()
    return Waiter(
        job=job,
        release_id=task.release_id,
        state=state,
        token=task.task_token,
        kind=kind,
        subject=subject,
        context="{}" if context is None else context.model_dump_json(),
        started=now,
        next_check=now + site.environment.sweep_after_seconds,
        expires=now + KEEP,
    )


def wait(site: Site, waiter: Waiter, submit: Callable[[], Submission]) -> None:
    """Write the row, submit the job, and answer at once if it is over already.

    Nothing is submitted for a release that was stopped meanwhile. Who undoes it marks it first
    and reads its rows then: it finds this row, or this function finds the mark.
    """
    site.ledger.put_waiter(waiter)
    if site.ledger.was_stopped(waiter.release_id):
        logger.info("the release was stopped; nothing is submitted", job=waiter.job)
        close_late(site, waiter)
        return
    submission = submit()
    waiter = site.ledger.mark_submitted(waiter, submission.subject)
    logger.info("waiting", job=waiter.job, subject=waiter.subject, existed=submission.existed)
    if submission.existed:
        answer_if_over(site, waiter)


def close_late(site: Site, waiter: Waiter) -> None:
    """Close the row that a function wrote after its release was undone, and stop its job."""
    stop_job(site, waiter)
    if waiter.kind is Kind.ENDPOINT:
        site.ledger.release_lease(waiter.subject, waiter.release_id)
    site.ledger.mark_done(waiter)


def answer_if_over(site: Site, waiter: Waiter) -> Verdict:
    """Read the job's true status; when it is over, answer the token and close the row."""
    verdict = settle(site, waiter)
    if isinstance(verdict, Running):
        site.ledger.check_again_at(waiter, site.now() + site.environment.sweep_after_seconds)
        return verdict
    if waiter.kind is not Kind.STOPPED:  # nobody waits for that one
        answer(site, waiter.token, verdict)
    site.ledger.mark_done(waiter)
    return verdict


def answer(site: Site, token: str, verdict: Succeeded | Failed) -> bool:
    """Send the verdict; whether someone waited for it. That nobody does any more is no error."""
    try:
        if isinstance(verdict, Succeeded):
            site.clients.stepfunctions.send_task_success(
                taskToken=token, output=verdict.output.model_dump_json(by_alias=True)
            )
        else:
            site.clients.stepfunctions.send_task_failure(
                taskToken=token,
                error=verdict.error[:ERROR_LIMIT],
                cause=verdict.cause[:CAUSE_LIMIT],
            )
    except ClientError as error:
        if code_of(error) not in DEAD_TOKEN_CODES:
            raise
        logger.info("nobody waits on this token any more", answer=type(verdict).__name__)
        return False
    logger.info("answered", answer=type(verdict).__name__)
    return True
