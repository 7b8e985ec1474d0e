"""RollBack: stop what still runs, and bring the endpoint back to what served before.

The model package is left as it is: the registry records what was trained and who let it go
on, not what serves. What serves is the champion, and that pointer never moved to it.
"""

from botocore.exceptions import ClientError

from contracts.task import WaitingTask
from lambdas.endpoint import config_name, endpoint_job
from lambdas.entry import entry
from lambdas.errors import code_of
from lambdas.ledger import Kind, Waiter
from lambdas.log import logger
from lambdas.restoration import RollbackContext
from lambdas.site import Site
from lambdas.waiting import answer_if_over, new_waiter

STATE = "RollBack"
# The job ended by itself, or was never made.
OVER_CODES = {
    "InvalidInputException",
    "ResourceNotFound",
    "ResourceNotFoundException",
    "ValidationException",
}


def roll_back(site: Site, task: WaitingTask) -> None:
    """Answer when nothing of the release runs and the endpoint serves what it did before."""
    stopped = stop_jobs(site, task.release_id)
    endpoint = site.environment.endpoint
    waiter = new_waiter(
        site,
        task,
        kind=Kind.ROLLBACK,
        state=STATE,
        job=endpoint_job(endpoint, config_name(task.release)),
        subject=endpoint,
        context=RollbackContext(stopped=stopped),
    )
    site.ledger.put_waiter(waiter)
    answer_if_over(site, waiter)


def stop_jobs(site: Site, release: str) -> tuple[str, ...]:
    """Stop what the release alone still waits for, and close those rows; what was stopped."""
    stopped: list[str] = []
    for waiter in site.ledger.waiters_of(release):
        if waiter.kind is Kind.ROLLBACK:
            stopped += RollbackContext.model_validate_json(waiter.context).stopped
            continue
        if stop_job(site, waiter):
            stopped.append(waiter.job)
        site.ledger.mark_done(waiter)
    return tuple(dict.fromkeys(stopped))


def stop_job(site: Site, waiter: Waiter) -> bool:
    """Whether a running job was stopped. A build that another release waits for runs on."""
    if not waiter.subject or _wanted_by_others(site, waiter):
        return False
    try:
        if waiter.kind is Kind.BUILD:
            site.clients.codebuild.stop_build(id=waiter.subject)
        elif waiter.kind is Kind.TRAINING:
            site.clients.sagemaker.stop_training_job(TrainingJobName=waiter.subject)
        elif waiter.kind is Kind.PROCESSING:
            site.clients.sagemaker.stop_processing_job(ProcessingJobName=waiter.subject)
        else:
            return False
    except ClientError as error:
        if code_of(error) not in OVER_CODES:
            raise
        return False
    logger.info("stopped", job=waiter.job)
    return True


def _wanted_by_others(site: Site, waiter: Waiter) -> bool:
    return any(other.release_id != waiter.release_id for other in site.ledger.waiters(waiter.job))


@entry(WaitingTask)
def handler(task: WaitingTask, site: Site) -> None:
    roll_back(site, task)
