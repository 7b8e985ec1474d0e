"""Wait without polling: write the row, start the job, answer the token when it is over.

The row is written before the job starts, and the job's name is derived from the release. So a
function that was killed at any line can simply be called again.
"""

from collections.abc import Callable

from botocore.exceptions import ClientError
from pydantic import BaseModel

from lambdas.errors import code_of
from lambdas.job_status import settle
from lambdas.jobs import JOBS
from lambdas.log import logger
from lambdas.runtime import Runtime
from lambdas.stopping import stop_job
from lambdas.submission import Submission
from lambdas.table_rows import KEEP
from lambdas.verdict import Failed, Running, Succeeded, Verdict
from lambdas.waiter_rows import Waiter
from modelwharf.contracts.jobs import JobType
from modelwharf.contracts.release import ReleaseDocument
from modelwharf.contracts.task import WaitingTask

# Step Functions' own limits on SendTaskFailure, characters.
ERROR_LIMIT = 256
CAUSE_LIMIT = 32_768

# No task waits on such a token any more: it was answered, or its state has timed out.
DEAD_TOKEN_CODES = {"TaskDoesNotExist", "TaskTimedOut", "InvalidToken"}


def new_waiter(
    runtime: Runtime,
    task: WaitingTask[ReleaseDocument],
    *,
    kind: JobType,
    state: str,
    job: str,
    subject: str = "",
    context: BaseModel | None = None,
) -> Waiter:
    now = runtime.now()
    return Waiter(
        job=job,
        release_id=task.release_id,
        state=state,
        token=task.task_token,
        kind=kind,
        subject=subject,
        context="{}" if context is None else context.model_dump_json(),
        started=now,
        next_check=now + runtime.environment.sweep_after_seconds,
        expires=now + KEEP,
    )


def wait(runtime: Runtime, waiter: Waiter, submit: Callable[[], Submission]) -> None:
    """Write the row, submit the job, and answer at once if it is over already.

    Nothing is submitted for a release that was stopped meanwhile. The undoing function first marks
    the release and then reads its rows: either it finds this row, or this function finds the mark.
    """
    runtime.ledger.put_waiter(waiter)
    if runtime.ledger.was_stopped(waiter.release_id):
        logger.info("the release was stopped; nothing is submitted", job=waiter.job)
        close_late(runtime, waiter)
        return
    submission = submit()
    waiter = runtime.ledger.mark_submitted(waiter, submission.subject)
    logger.info("waiting", job=waiter.job, subject=waiter.subject, existed=submission.existed)
    if submission.existed:
        answer_if_over(runtime, waiter)


def close_late(runtime: Runtime, waiter: Waiter) -> None:
    """Close the row that a function wrote after its release was undone, and stop its job."""
    stop_job(runtime, waiter)
    JOBS[waiter.kind].close_late(runtime, waiter)
    runtime.ledger.mark_done(waiter)


def answer_if_over(runtime: Runtime, waiter: Waiter) -> Verdict:
    """Read the job's true status; when it is over, answer the token and close the row."""
    verdict = settle(runtime, waiter)
    if isinstance(verdict, Running):
        runtime.ledger.check_again_at(
            waiter, runtime.now() + runtime.environment.sweep_after_seconds
        )
        return verdict
    if waiter.kind.answers:
        answer(runtime, waiter.token, verdict)
    runtime.ledger.mark_done(waiter)
    return verdict


def answer(runtime: Runtime, token: str, verdict: Succeeded | Failed) -> bool:
    """Send the verdict; return whether a task waited for it. A dead token is not an error."""
    try:
        if isinstance(verdict, Succeeded):
            runtime.clients.stepfunctions.send_task_success(
                taskToken=token, output=verdict.output.model_dump_json(by_alias=True)
            )
        else:
            runtime.clients.stepfunctions.send_task_failure(
                taskToken=token,
                error=verdict.error[:ERROR_LIMIT],
                cause=verdict.cause[:CAUSE_LIMIT],
            )
    except ClientError as error:
        if code_of(error) not in DEAD_TOKEN_CODES:
            raise
        logger.info("the task token is no longer valid", answer=type(verdict).__name__)
        return False
    logger.info("answered", answer=type(verdict).__name__)
    return True
