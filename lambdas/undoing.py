"""Undo a release whose execution was stopped from outside, by a person or by its time limit.

The state machine no longer runs, so no task waits for an answer: the row has no token. People are
notified instead, once the endpoint serves what it served before.
"""

from typing import Any

from lambdas.endpoint import config_name
from lambdas.endpoint_rollback import RollbackContext, settle_rollback
from lambdas.log import logger
from lambdas.notification import about, publish, table
from lambdas.runtime import Runtime
from lambdas.stopping import stop_jobs
from lambdas.submission import may_submit_still
from lambdas.table_rows import KEEP
from lambdas.verdict import Failed, Running, Succeeded, Verdict
from lambdas.waiter_rows import Waiter
from modelwharf.contracts.jobs import ENDPOINT, RELEASE_STOPPED, ROLLBACK, STOPPED
from modelwharf.contracts.parameters import Outcome
from modelwharf.contracts.release import ReleaseDocument
from modelwharf.contracts.rollback import Rollback

STATE = "Stopped"
ENDINGS = {
    "ABORTED": "someone stopped the execution",
    "TIMED_OUT": "the execution took longer than it may",
}
CAUSE_LIMIT = 2000  # characters of the message from the person who stopped it


class StoppedContext(RollbackContext):
    """What is known of the stop: ``status`` is Step Functions' own."""

    status: str
    error: str = ""
    cause: str = ""


def begin_undoing(runtime: Runtime, detail: dict[str, Any]) -> list[Waiter]:
    """Write the row that undoes the stopped release, once, however often the event comes."""
    release = str(detail[RELEASE_STOPPED.subject])
    document = runtime.ledger.release(release)
    if document is None:
        logger.warning("an execution that no message started", execution=release)
        return []
    now = runtime.now()
    runtime.ledger.mark_stopped(release, now + KEEP)
    waiter = Waiter(
        job=ENDPOINT.key(runtime.environment.endpoint, config_name(document)),
        release_id=release,
        state=STATE,
        token=STATE,  # no real token: there is no task to answer
        kind=STOPPED,
        subject=runtime.environment.endpoint,
        submitted=_way_back_begun(runtime, release),
        context=StoppedContext(
            status=str(detail[RELEASE_STOPPED.status]),
            error=str(detail.get("error") or ""),
            cause=str(detail.get("cause") or "")[:CAUSE_LIMIT],
        ).model_dump_json(),
        started=now,
        next_check=now + runtime.environment.sweep_after_seconds,
        expires=now + KEEP,
    )
    return [waiter] if runtime.ledger.put_new_waiter(waiter) else []


def _way_back_begun(runtime: Runtime, release: str) -> bool:
    """Whether RollBack ran already, and had asked for the endpoint's update back."""
    rows = runtime.ledger.waiters_of(release)
    return any(row.submitted for row in rows if row.kind == ROLLBACK)


def settle_stopped(runtime: Runtime, waiter: Waiter) -> Verdict:
    """Stop the jobs, bring the endpoint back, and notify people when both are done."""
    stopped = stop_jobs(runtime, waiter.release_id, but=waiter)
    context = StoppedContext.model_validate_json(waiter.context)
    context = context.model_copy(
        update={"stopped": tuple(dict.fromkeys((*context.stopped, *stopped)))}
    )
    runtime.ledger.put_context(waiter, context.model_dump_json())
    waiter = waiter.model_copy(update={"context": context.model_dump_json()})
    if _may_submit_still(runtime, waiter):
        return Running()
    verdict = settle_rollback(runtime, waiter)
    if isinstance(verdict, Running):
        return verdict
    _tell(runtime, waiter, context, verdict)
    return verdict


def _may_submit_still(runtime: Runtime, waiter: Waiter) -> bool:
    """Whether a function that was running at the stop may still submit something.

    The index may lack a row that was written just now. The row of the endpoint's update must not be
    missed, so it is read from the table: it has the same key as this one.
    """
    rows = [*runtime.ledger.waiters_of(waiter.release_id), *runtime.ledger.waiters(waiter.job)]
    return any(
        may_submit_still(runtime, row)
        for row in rows
        if row.kind.submitted and row.release_id == waiter.release_id
    )


def _tell(
    runtime: Runtime, waiter: Waiter, context: StoppedContext, verdict: Succeeded | Failed
) -> None:
    document = runtime.ledger.release(waiter.release_id)
    rows = [
        ("outcome", "stopped"),
        *(about(document) if isinstance(document, ReleaseDocument) else ()),
        ("why", ENDINGS.get(context.status, context.status)),
        ("error", context.error),
        ("reason", context.cause),
        ("undone", _undone(verdict)),
        ("next", f"wharf show {waiter.release_id}\nwharf start"),
    ]
    project, release = runtime.environment.project, waiter.release_id
    subject = f"{project}: release {release} was stopped: {ENDINGS.get(context.status, '')}"
    publish(runtime, Outcome.FAILED, subject, table(rows), release)


def _undone(verdict: Succeeded | Failed) -> str:
    if isinstance(verdict, Failed):
        return f"the way back failed: {verdict.error}: {verdict.cause}"
    done = verdict.output
    if not isinstance(done, Rollback):
        return ""
    return done.in_words()
