"""Submit a job under a derived name, so that a second submission makes no second job."""

from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import ClientError

from lambdas.errors import code_of, gone, message_of
from lambdas.runtime import Runtime
from lambdas.waiter_rows import Waiter

LONGEST_FUNCTION = 15 * 60  # seconds; Lambda's limit
# Seconds between a row and its job, retries included: a function submits right after its row.
LONGEST_SUBMISSION = 300


@dataclass(frozen=True)
class Submission:
    """A job that exists. ``existed``: it existed before, so it may be over already."""

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
    """Jobs report ResourceInUse; models, configurations and endpoints say it in the message."""
    return code_of(error) == "ResourceInUse" or (
        code_of(error) == "ValidationException" and "already existing" in message_of(error)
    )


def not_found(error: ClientError) -> bool:
    """SageMaker reports ResourceNotFound for jobs; for the rest only the message says it."""
    return gone(error)


def abandoned(runtime: Runtime, waiter: Waiter) -> bool:
    """Whether the function that wrote the row must have ended without submitting the job."""
    return not waiter.submitted and runtime.now() - waiter.started > LONGEST_FUNCTION


def may_submit_still(runtime: Runtime, waiter: Waiter) -> bool:
    """Whether the function that wrote the row may be about to submit the job."""
    return not waiter.submitted and runtime.now() - waiter.started <= LONGEST_SUBMISSION
