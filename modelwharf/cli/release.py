"""A release as people read it, assembled only from its execution."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from modelwharf.artifact.contract import Contract
from modelwharf.cli.errors import CommandError
from modelwharf.cli.restarts import Restarts, find_restarts
from modelwharf.cli.services import Services
from modelwharf.cli.serving import Serving, serving_now
from modelwharf.cli.stack import Stack
from modelwharf.cli.waits import Wait, open_waits
from modelwharf.contracts.history import (
    StateRow,
    StateStatus,
    failed_state,
    latest_document,
    read_events,
    states,
)
from modelwharf.contracts.release import Failure, ReleaseDocument, Trigger
from modelwharf.contracts.states import APPROVE

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.type_defs import (
        DescribeExecutionOutputTypeDef,
        ExecutionListItemTypeDef,
    )

RUNNING = "RUNNING"
SUCCEEDED = "SUCCEEDED"
SUPERSEDED = "SUPERSEDED"
"""The status when a later release serves. Step Functions says SUCCEEDED, as the machine did not
fail.
"""
PLOT_FILE = "holdout.png"
NEARLY_AT_ONCE = 3  # releases whose start times may not be in the order of releases
ENDINGS = {
    "ABORTED": "someone stopped the release",
    "TIMED_OUT": "the release took longer than the state machine allows",
}


class ReleaseFailure(Contract):
    """Where a release failed, and why, in the service's own words."""

    state: str | None
    error: str
    reason: str


class Release(Contract):
    """One release: ``wharf show --json`` prints exactly this."""

    id: str
    status: str
    """Step Functions' status (RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED) or SUPERSEDED."""
    started: datetime
    stopped: datetime | None
    states: tuple[StateRow, ...]
    failure: ReleaseFailure | None
    document: ReleaseDocument | None
    """The release document so far."""
    plot: str | None
    """S3 URI of the archive of the training program's other output; the exemplar's holds
    ``holdout.png``.
    """
    serving: Serving | None = None
    """What the endpoint serves now; read when the release failed."""
    restarts: Restarts | None = None
    """Restarts of the server, while this release serves; only on the laptop."""

    @property
    def is_over(self) -> bool:
        return self.status != RUNNING

    @property
    def succeeded(self) -> bool:
        return self.status == SUCCEEDED

    def waits_for_approval(self) -> bool:
        return any(row.name == APPROVE.name and not row.is_over for row in self.states)


class ReleaseSummary(Contract):
    """One row of ``wharf releases``."""

    id: str
    status: str
    started: datetime
    stopped: datetime | None
    trigger: Trigger | None
    state: str | None
    """The state it is in, or failed in."""
    reason: str | None
    serves: bool = False
    """Whether the endpoint serves this release's model now."""
    waits_for: str | None = None
    """What a person would type; only for a release that waits for a person."""


def read_release(services: Services, stack: Stack, release: str) -> Release:
    """Return the release.

    Raises CommandError, which names a few existing releases, when there is none.
    """
    execution = describe(services, stack, release)
    events = read_events(services.client("stepfunctions"), execution["executionArn"])
    waits = open_waits(services, stack, release) if execution["status"] == RUNNING else {}
    view = assemble(execution, events, waits)
    if view.failure is None:
        return _with_restarts(services, stack, view) if view.succeeded else view
    return view.model_copy(update={"serving": serving_now(services, stack.endpoint)})


def _with_restarts(services: Services, stack: Stack, view: Release) -> Release:
    deployment = view.document.deployment if view.document else None
    config = serving_now(services, stack.endpoint).config if services.on_laptop else None
    if deployment is None or deployment.config != config:
        return view
    return view.model_copy(update={"restarts": find_restarts(services, stack)})


def assemble(
    execution: Mapping[str, Any], events: list[dict[str, Any]], waits: Mapping[str, Wait]
) -> Release:
    """Combine the responses of DescribeExecution and GetExecutionHistory with the ledger's
    waits.
    """
    release = execution["name"]
    document = latest_document(events)
    rows = tuple(_with_wait(row, waits, release, document) for row in states(events))
    return Release(
        id=release,
        status=status_of(execution),
        started=execution["startDate"],
        stopped=execution.get("stopDate"),
        states=rows,
        failure=_failure(execution, rows, document),
        document=document,
        plot=_plot(document),
    )


def status_of(execution: Mapping[str, Any]) -> str:
    """Return the execution's status; SUPERSEDED when it ended because a later release serves."""
    status: str = execution["status"]
    if status != SUCCEEDED:
        return status
    document = latest_document([_ended_with(execution)])
    return SUPERSEDED if document and document.failure else status


def _ended_with(execution: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event with the execution's output, in the form of the history."""
    output = str(execution.get("output") or "")
    return {"type": "", "executionSucceededEventDetails": {"output": output}}


def describe(services: Services, stack: Stack, release: str) -> "DescribeExecutionOutputTypeDef":
    """Return DescribeExecution's response. Raises CommandError for an unknown release."""
    try:
        return services.client("stepfunctions").describe_execution(
            executionArn=stack.execution(release)
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"ExecutionDoesNotExist", "InvalidArn"}:
            raise
        raise CommandError(_unknown(services, stack, release)) from None


def recent_executions(
    services: Services, stack: Stack, limit: int = 20
) -> list["ExecutionListItemTypeDef"]:
    """Return the newest executions, newest first, as ListExecutions returns them."""
    answer = services.client("stepfunctions").list_executions(
        stateMachineArn=stack.state_machine, maxResults=limit
    )
    return sorted(answer["executions"], key=lambda one: one["startDate"], reverse=True)[:limit]


def latest_release(services: Services, stack: Stack) -> str:
    """Return the newest release's id. Raises CommandError when there is none yet.

    Of releases that began at nearly the same time, it is the last in the order of releases.
    """
    executions = recent_executions(services, stack, limit=NEARLY_AT_ONCE)
    if not executions:
        raise CommandError(f"{stack.project} has no release yet: start one with `wharf push`")
    names: list[str] = [one["name"] for one in executions]
    if len(names) == 1:
        return names[0]
    triggers = {name: trigger_of(describe(services, stack, name)) for name in names}
    return max(names, key=lambda name: (_order(triggers[name]), -names.index(name)))


def summarise(services: Services, stack: Stack, limit: int) -> tuple[ReleaseSummary, ...]:
    """Return the newest releases, newest in the order of releases first."""
    executions = recent_executions(services, stack, limit)
    config = serving_now(services, stack.endpoint).config if executions else None
    found = [_summary(services, stack, one["name"], config) for one in executions]
    return tuple(sorted(found, key=lambda one: _order(one.trigger), reverse=True))


def _order(trigger: Trigger | None) -> int:
    return trigger.order if trigger else 0


def trigger_of(execution: Mapping[str, Any]) -> Trigger | None:
    """Return what started the execution; None when its input is not a release document."""
    document = latest_document([{"executionStartedEventDetails": {"input": execution["input"]}}])
    return document.trigger if document else None


def _summary(services: Services, stack: Stack, release: str, config: str | None) -> ReleaseSummary:
    """Summarise one release. ``config`` is the endpoint's current configuration."""
    execution = describe(services, stack, release)
    events = [_ended_with(execution)]
    if status_of(execution) != SUCCEEDED:
        events = read_events(services.client("stepfunctions"), execution["executionArn"])
    waits = open_waits(services, stack, release) if execution["status"] == RUNNING else {}
    view = assemble(execution, events, waits)
    deployment = view.document.deployment if view.document else None
    asks = (row.waits_for for row in view.states if row.name == APPROVE.name and not row.is_over)
    return ReleaseSummary(
        id=release,
        status=view.status,
        started=view.started,
        stopped=view.stopped,
        trigger=trigger_of(execution),
        state=view.failure.state if view.failure else _current(view.states),
        reason=view.failure.reason if view.failure else None,
        serves=deployment is not None and deployment.config == config,
        waits_for=next(asks, None),
    )


def _current(rows: Iterable[StateRow]) -> str | None:
    running = [row.name for row in rows if not row.is_over and row.kind == "Task"]
    return ", ".join(running) or None


def _with_wait(
    row: StateRow, waits: Mapping[str, Wait], release: str, document: ReleaseDocument | None
) -> StateRow:
    wait = waits.get(row.name)
    if wait is None or row.status is not StateStatus.RUNNING:
        return row
    until = None
    if document and document.plan:
        until = row.entered + timedelta(seconds=document.plan.deployment.approval_timeout_seconds)
    return row.model_copy(update={"waits_for": wait.in_words(release, until)})


def _failure(
    execution: Mapping[str, Any], rows: tuple[StateRow, ...], document: ReleaseDocument | None
) -> ReleaseFailure | None:
    if status_of(execution) in {RUNNING, SUCCEEDED}:
        return None
    state = failed_state(rows)
    failure = _recorded(execution, state, document)
    return ReleaseFailure(
        state=state.name if state else None,
        error=failure.error,
        reason=ENDINGS.get(execution["status"]) or failure.message(),
    )


def _recorded(
    execution: Mapping[str, Any], state: StateRow | None, document: ReleaseDocument | None
) -> Failure:
    """Return the failure from the document, else from the state, else from the execution."""
    if document and document.failure:
        return document.failure
    if state and state.error:
        return state.failure()
    error, cause = execution.get("error"), execution.get("cause")
    return Failure(Error=error or execution["status"], Cause=cause or "")


def _plot(document: ReleaseDocument | None) -> str | None:
    return document.training.output if document and document.training else None


def _unknown(services: Services, stack: Stack, release: str) -> str:
    known = [one["name"] for one in recent_executions(services, stack, limit=5)]
    if not known:
        return f"there is no release {release}, nor any other yet: start one with `wharf push`"
    return (
        f"there is no release {release}; the newest are {', '.join(known)}\n"
        "See them all with `wharf releases`."
    )
