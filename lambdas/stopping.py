"""Stop the jobs that a release still waits for."""

from botocore.exceptions import ClientError

from lambdas.endpoint_rollback import RollbackContext
from lambdas.errors import code_of
from lambdas.jobs import JOBS
from lambdas.log import logger
from lambdas.runtime import Runtime
from lambdas.waiter_rows import Waiter

# The job ended by itself, or never existed.
OVER_CODES = {
    "InvalidInputException",
    "ResourceNotFound",
    "ResourceNotFoundException",
    "ValidationException",
}


def stop_jobs(runtime: Runtime, release: str, *, but: Waiter | None = None) -> tuple[str, ...]:
    """Stop the jobs that only this release waits for, close their rows; return the stopped jobs.

    ``but`` is the row that undoes a stopped release. With it, the row of a RollBack is closed as
    well, and a row whose job may still be submitted stays open, so that the job is stopped once
    it exists.
    """
    stopped: list[str] = []
    for waiter in runtime.ledger.waiters_of(release):
        if not waiter.kind.answers:
            continue
        if waiter.kind.undoes:
            stopped += RollbackContext.of(waiter).stopped
            if but is not None:
                runtime.ledger.mark_done(waiter)
            continue
        if stop_job(runtime, waiter):
            stopped.append(waiter.job)
        late = waiter.kind.submitted and not waiter.submitted
        if but is None or not late:
            runtime.ledger.mark_done(waiter)
    return tuple(dict.fromkeys(stopped))


def stop_job(runtime: Runtime, waiter: Waiter) -> bool:
    """Stop the job and return whether one was running. A build that others wait for runs on."""
    job = JOBS[waiter.kind]
    if job.stop is None or not waiter.subject:
        return False
    if job.shared and _wanted_by_others(runtime, waiter):
        return False
    try:
        job.stop(runtime.clients, waiter.subject)
    except ClientError as error:
        if code_of(error) not in OVER_CODES:
            raise
        return False
    logger.info("stopped", job=waiter.job)
    return True


def _wanted_by_others(runtime: Runtime, waiter: Waiter) -> bool:
    return any(
        other.release_id != waiter.release_id for other in runtime.ledger.waiters(waiter.job)
    )
