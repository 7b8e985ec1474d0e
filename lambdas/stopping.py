"""Stopping the jobs that a release still waits for."""

from collections.abc import Callable, Mapping

from botocore.exceptions import ClientError

from lambdas.clients import Clients
from lambdas.errors import code_of
from lambdas.log import logger
from lambdas.restoration import RollbackContext
from lambdas.site import Site
from lambdas.waiter_rows import Kind, Waiter

# What a function submits after it has written its row.
SUBMITTED = (Kind.BUILD, Kind.ENDPOINT, Kind.PROCESSING, Kind.TRAINING)
# The job ended by itself, or was never made.
OVER_CODES = {
    "InvalidInputException",
    "ResourceNotFound",
    "ResourceNotFoundException",
    "ValidationException",
}


def stop_jobs(site: Site, release: str, *, but: Waiter | None = None) -> tuple[str, ...]:
    """Stop what the release alone still waits for, and close those rows; what was stopped.

    With ``but``, the row that undoes a stopped release: a RollBack's row is taken over by it, and
    a job that a function may yet submit keeps its row, to be stopped when it is there.
    """
    stopped: list[str] = []
    for waiter in site.ledger.waiters_of(release):
        if waiter.kind is Kind.STOPPED:
            continue
        if waiter.kind is Kind.ROLLBACK:
            stopped += RollbackContext.of(waiter).stopped
            if but is not None:
                site.ledger.mark_done(waiter)
            continue
        if stop_job(site, waiter):
            stopped.append(waiter.job)
        late = waiter.kind in SUBMITTED and not waiter.submitted
        if but is None or not late:
            site.ledger.mark_done(waiter)
    return tuple(dict.fromkeys(stopped))


def stop_job(site: Site, waiter: Waiter) -> bool:
    """Whether a running job was stopped. A build that another release waits for runs on."""
    stop = _STOPS.get(waiter.kind)
    if stop is None or not waiter.subject or _wanted_by_others(site, waiter):
        return False
    try:
        stop(site.clients, waiter.subject)
    except ClientError as error:
        if code_of(error) not in OVER_CODES:
            raise
        return False
    logger.info("stopped", job=waiter.job)
    return True


_STOPS: Mapping[Kind, Callable[[Clients, str], object]] = {
    Kind.BUILD: lambda clients, build: clients.codebuild.stop_build(id=build),
    Kind.TRAINING: lambda clients, job: clients.sagemaker.stop_training_job(TrainingJobName=job),
    Kind.PROCESSING: lambda clients, job: clients.sagemaker.stop_processing_job(
        ProcessingJobName=job
    ),
}


def _wanted_by_others(site: Site, waiter: Waiter) -> bool:
    """Jobs are named after their release; a build is named after its image."""
    return waiter.kind is Kind.BUILD and any(
        other.release_id != waiter.release_id for other in site.ledger.waiters(waiter.job)
    )
