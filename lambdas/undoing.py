"""Undoing a release whose execution was stopped from outside, by a person or by its time limit.

The state machine runs no more, so nobody waits for an answer: the row has no token, and people are
told instead once the endpoint serves what it served before.
"""

from typing import Any

from contracts.parameters import Outcome
from contracts.release import ReleaseDocument, Rollback
from lambdas.endpoint import config_name, endpoint_job
from lambdas.log import logger
from lambdas.notification import about, publish, table
from lambdas.restoration import PROMOTED, RollbackContext, settle_rollback
from lambdas.site import Site
from lambdas.stopping import SUBMITTED, stop_jobs
from lambdas.submission import may_submit_still
from lambdas.table_rows import KEEP
from lambdas.verdict import Failed, Running, Succeeded, Verdict
from lambdas.waiter_rows import Kind, Waiter

STATE = "Stopped"
ENDINGS = {
    "ABORTED": "someone stopped the execution",
    "TIMED_OUT": "the execution took longer than it may",
}
CAUSE_LIMIT = 2000  # characters of what the person wrote who stopped it


class StoppedContext(RollbackContext):
    """What was told of the stop: ``status`` is Step Functions' own."""

    status: str
    error: str = ""
    cause: str = ""


def begin_undoing(site: Site, detail: dict[str, Any]) -> list[Waiter]:
    """The row that undoes the stopped release, made once however often the event comes."""
    release = str(detail["name"])
    document = site.ledger.release(release)
    if document is None:
        logger.warning("an execution that no wish started", execution=release)
        return []
    now = site.now()
    site.ledger.mark_stopped(release, now + KEEP)
    waiter = Waiter(
        job=endpoint_job(site.environment.endpoint, config_name(document)),
        release_id=release,
        state=STATE,
        token=STATE,  # nobody's: there is no task to answer
        kind=Kind.STOPPED,
        subject=site.environment.endpoint,
        submitted=_way_back_begun(site, release),
        context=StoppedContext(
            status=str(detail["status"]),
            error=str(detail.get("error") or ""),
            cause=str(detail.get("cause") or "")[:CAUSE_LIMIT],
        ).model_dump_json(),
        started=now,
        next_check=now + site.environment.sweep_after_seconds,
        expires=now + KEEP,
    )
    return [waiter] if site.ledger.put_new_waiter(waiter) else []


def _way_back_begun(site: Site, release: str) -> bool:
    """Whether RollBack ran already, and had asked for the endpoint's way back."""
    rows = site.ledger.waiters_of(release)
    return any(row.submitted for row in rows if row.kind is Kind.ROLLBACK)


def settle_stopped(site: Site, waiter: Waiter) -> Verdict:
    """Stop the jobs, bring the endpoint back, and tell people when both are done."""
    stopped = stop_jobs(site, waiter.release_id, but=waiter)
    context = StoppedContext.model_validate_json(waiter.context)
    context = context.model_copy(
        update={"stopped": tuple(dict.fromkeys((*context.stopped, *stopped)))}
    )
    site.ledger.put_context(waiter, context.model_dump_json())
    waiter = waiter.model_copy(update={"context": context.model_dump_json()})
    if _may_submit_still(site, waiter):
        return Running()
    verdict = settle_rollback(site, waiter)
    if isinstance(verdict, Running):
        return verdict
    _tell(site, waiter, context, verdict)
    return verdict


def _may_submit_still(site: Site, waiter: Waiter) -> bool:
    """Whether a function that was at work when the release was stopped may yet submit something.

    The index may lack a row that was written just now. Of the endpoint's update, which nobody
    may overlook, the row is read from the table: it has the key of this one.
    """
    rows = [*site.ledger.waiters_of(waiter.release_id), *site.ledger.waiters(waiter.job)]
    return any(
        may_submit_still(site, row)
        for row in rows
        if row.kind in SUBMITTED and row.release_id == waiter.release_id
    )


def _tell(site: Site, waiter: Waiter, context: StoppedContext, verdict: Succeeded | Failed) -> None:
    document = site.ledger.release(waiter.release_id)
    rows = [
        ("outcome", "stopped"),
        *(about(document) if isinstance(document, ReleaseDocument) else ()),
        ("why", ENDINGS.get(context.status, context.status)),
        ("error", context.error),
        ("reason", context.cause),
        ("undone", _undone(verdict)),
        ("next", f"wharf show {waiter.release_id}\nwharf start"),
    ]
    project, release = site.environment.project, waiter.release_id
    subject = f"{project}: release {release} was stopped: {ENDINGS.get(context.status, '')}"
    publish(site, Outcome.FAILED, subject, table(rows), release)


def _undone(verdict: Succeeded | Failed) -> str:
    if isinstance(verdict, Failed):
        return f"the way back failed: {verdict.error}: {verdict.cause}"
    done = verdict.output
    if not isinstance(done, Rollback):
        return ""
    if done.endpoint == PROMOTED:
        return "nothing: the release was verified and promoted before, and serves"
    stopped = ", ".join(done.stopped)
    return f"endpoint {done.endpoint}" + (f"; stopped {stopped}" if stopped else "")
