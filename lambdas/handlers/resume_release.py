"""Resume: answer the waiting task tokens, on a service's state-change event or on a schedule.

An event is only a hint to look: the job's true status counts. A lost, doubled or reordered event
changes nothing.
"""

from collections.abc import Iterable
from typing import Any

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, Field

from lambdas.entry import entry
from lambdas.errors import (
    AccessDenied,
    ReleaseError,
    SubjectGone,
    gone,
    message_of,
    translated,
)
from lambdas.jobs import JOBS
from lambdas.log import logger
from lambdas.notification import publish, table
from lambdas.runtime import Runtime
from lambdas.submission import may_submit_still
from lambdas.undoing import begin_undoing
from lambdas.verdict import failed
from lambdas.waiter_rows import Waiter
from lambdas.waiting import answer, answer_if_over, close_late
from modelwharf.contracts.jobs import RELEASE_STOPPED
from modelwharf.contracts.parameters import Outcome

SCHEDULED = "Scheduled Event"
LONGEST_DELAY = 60 * 60  # seconds between two tries for a row that cannot be settled
REPORTED_AFTER = 5  # failures in a row, about half an hour; shorter faults are not reported


class StateChange(BaseModel):
    """The fields of an EventBridge event that are read."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    detail_type: str = Field(alias="detail-type")
    detail: dict[str, Any] = {}


def resume_release(runtime: Runtime, event: StateChange) -> None:
    """Answer each token whose job is over. One bad row does not hold back the others."""
    failures: list[Exception] = []
    for waiter in waiters(runtime, event):
        logger.append_keys(release_id=waiter.release_id)
        try:
            answer_or_refuse(runtime, waiter)
        except Exception as error:  # raised below, after every row was tried
            logger.exception("could not settle", job=waiter.job, failures=waiter.failures + 1)
            put_off(runtime, waiter, error)
            if waiter.failures == 0:  # one error for each fault, not one a minute
                failures.append(error)
    if failures:
        raise ExceptionGroup("some rows could not be settled; the sweep tries again", failures)


def put_off(runtime: Runtime, waiter: Waiter, error: Exception) -> None:
    """Delay the next look, longer each time; notify people once, after REPORTED_AFTER failures."""
    delay = runtime.environment.sweep_after_seconds * 2**waiter.failures
    runtime.ledger.put_off(waiter, runtime.now() + min(delay, LONGEST_DELAY))
    if waiter.failures + 1 != REPORTED_AFTER:
        return
    release = waiter.release_id
    publish(
        runtime,
        Outcome.FAILED,
        f"{runtime.environment.project}: the status of {waiter.state} in {release} is unknown",
        table(
            [
                ("release", release),
                ("state", waiter.state),
                ("waits for", f"{waiter.kind.name} {waiter.subject}".rstrip()),
                ("reason", str(error)),
                ("tried", f"{REPORTED_AFTER} times; it is tried again at least once an hour"),
                ("next", f"wharf show {release}"),
            ]
        ),
        release,
    )


def answer_or_refuse(runtime: Runtime, waiter: Waiter) -> None:
    """Answer the token if its job is over, or if this function can never find that out.

    A deleted job or a missing permission does not come back without help, and the release would
    wait for its state's timeout. The row stays, so that the rollback knows of the job, which may
    still run.
    """
    if came_late(runtime, waiter):
        close_late(runtime, waiter)
        return
    try:
        answer_if_over(runtime, waiter)
    except ClientError as error:
        # A stopped release waits for no answer; its row stays and is tried again.
        final = final_reason(waiter, error) if waiter.kind.answers else None
        if final is None:
            raise
        logger.exception("can never settle", job=waiter.job)
        waited = answer(runtime, waiter.token, failed(final))
        if waited and not waiter.kind.undoes:
            again = runtime.now() + runtime.environment.sweep_after_seconds
            runtime.ledger.check_again_at(waiter, again)
        else:
            runtime.ledger.mark_done(waiter)


def came_late(runtime: Runtime, waiter: Waiter) -> bool:
    """Whether a function wrote the row too late for the rollback of its release to see it."""
    if waiter.kind.undoes:
        return False
    if may_submit_still(runtime, waiter):
        return False
    return runtime.ledger.was_stopped(waiter.release_id)


def final_reason(waiter: Waiter, error: ClientError) -> ReleaseError | None:
    """Return the error when another look cannot help; None when it may."""
    denial = translated(error)
    if isinstance(denial, AccessDenied):
        return denial
    if gone(error):
        what = f"{waiter.kind.name} {waiter.subject}".rstrip()
        return SubjectGone(
            f"{waiter.state} waits for {what}, which is gone: {message_of(error)}; "
            "start the release again with another reason"
        )
    return None


def waiters(runtime: Runtime, event: StateChange) -> Iterable[Waiter]:
    """Return the waiters that the event concerns."""
    if event.detail_type == SCHEDULED:
        return runtime.ledger.waiters_due(runtime.now())
    if event.detail_type == RELEASE_STOPPED.detail_type:
        return begin_undoing(runtime, event.detail)
    for kind, job in JOBS.items():
        if kind.event.detail_type == event.detail_type:
            return job.waiters(runtime, kind, event.detail)
    logger.warning("no release waits for this kind of event", detail_type=event.detail_type)
    return []


@entry(StateChange)
def handler(event: StateChange, runtime: Runtime) -> None:
    resume_release(runtime, event)
