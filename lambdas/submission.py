"""A job as it was asked for: under a derived name, so that asking twice makes one."""

from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import ClientError

from lambdas.errors import code_of, gone, message_of
from lambdas.site import Site
from lambdas.waiter_rows import Waiter

LONGEST_FUNCTION = 15 * 60  # seconds; Lambda's limit
# Seconds between a row and its job, retries included: a function submits right after its row.
LONGEST_SUBMISSION = 300


@dataclass(frozen=True)
class Submission:
    """A job that exists. ``existed``: it did before, so it may be over already."""

    subject: str
    existed: bool


def submit_once(subject: str, create: Callable[[], object]) -> Submission:
    """Create the job of that name, or find it made by an earlier attempt."""
    try:
        create()
    except ClientError as error:
        if not already_exists(error):
            raise
        return Submission(subject=subject, existed=True)
    return Submission(subject=subject, existed=False)


def already_exists(error: ClientError) -> bool:
    """Jobs say ResourceInUse; models, configurations and endpoints say it in words."""
    return code_of(error) == "ResourceInUse" or (
        code_of(error) == "ValidationException" and "already existing" in message_of(error)
    )


def not_found(error: ClientError) -> bool:
    """SageMaker answers ResourceNotFound for jobs; for endpoints and others it says it in words."""
    return gone(error)


def abandoned(site: Site, waiter: Waiter) -> bool:
    """Whether the function that wrote the row must have ended without submitting the job."""
    return not waiter.submitted and site.now() - waiter.started > LONGEST_FUNCTION


def may_submit_still(site: Site, waiter: Waiter) -> bool:
    """Whether the function that wrote the row may be about to submit the job."""
    return not waiter.submitted and site.now() - waiter.started <= LONGEST_SUBMISSION
