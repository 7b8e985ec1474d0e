"""Start: turn a message on the ``changes`` topic, or new data, into an execution.

An execution is named after its release. It starts even with invalid configuration, and then fails
visibly in Resolve. A message that is delivered twice is decided once.
"""

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, model_validator

from lambdas.entry import entry
from lambdas.errors import code_of
from lambdas.log import logger
from lambdas.lost_push import find_lost_push, saw_head
from lambdas.notification import named, publish, table, wanted
from lambdas.order import decide
from lambdas.pinning import notifications_of
from lambdas.release_rows import Decision, Skip
from lambdas.runtime import Runtime
from lambdas.settings import read_current
from lambdas.sources import Message, UnreadableMessage, read_message
from lambdas.table_rows import KEEP
from modelwharf.contracts.parameters import Outcome
from modelwharf.contracts.release import ReleaseDocument

SCHEDULED = "Scheduled Event"


class SnsMessage(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    Message: str
    MessageId: str
    """The same id when SNS delivers a message twice."""
    Timestamp: str


class SnsRecord(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    Sns: SnsMessage


class Change(BaseModel):
    """SNS's event to a function, which holds one record, or EventBridge's, read as its message."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    Records: tuple[SnsRecord, ...] = ()
    sweep: bool = False
    """Set by the schedule: no change came, but the message of a push may have been lost."""
    time: str = ""

    @model_validator(mode="before")
    @classmethod
    def from_eventbridge(cls, event: Any) -> Any:
        if not isinstance(event, Mapping) or "detail-type" not in event:
            return event
        if event["detail-type"] == SCHEDULED:
            return {"sweep": True, "time": event.get("time", "")}
        message = {
            "Message": json.dumps(event),
            "MessageId": event.get("id"),
            "Timestamp": event.get("time"),
        }
        return {"Records": [{"Sns": message}]}


def start_release(runtime: Runtime, text: str, time: str, message: str) -> None:
    """Start the release that one message asks for.

    ``time`` is the message's, ISO 8601; ``message`` is its id, the same on a second delivery.
    """
    try:
        request = read_message(text)
    except UnreadableMessage as error:
        skip(runtime, Skip(commit="-", reason=str(error)), time)
        return
    grant_once(runtime, request, time, message)


def grant_once(runtime: Runtime, request: Message, time: str, message: str) -> None:
    """Decide, unless an earlier delivery of the message did, and carry the decision out."""
    project = runtime.environment.project
    known = runtime.ledger.decision(project, message)
    if known is not None and known[1]:
        logger.info("this very message was carried out before", message_id=message)
        return
    decision = (
        known[0]
        if known is not None
        else runtime.ledger.put_decision(
            project, message, decide(runtime, request, time), runtime.now() + KEEP
        )
    )
    carry_out(runtime, decision, time)
    runtime.ledger.mark_carried_out(project, message)


def carry_out(runtime: Runtime, decision: Decision, time: str) -> None:
    """Carry the decision out; a second call changes nothing more."""
    if decision.release is not None:
        logger.append_keys(release_id=decision.release.release_id)
        runtime.ledger.put_release(decision.release)
        start_execution(runtime, decision.release)
    if decision.skip is not None:
        skip(runtime, decision.skip, time)
    if decision.head:
        saw_head(runtime, decision.branch, decision.head)


def start_execution(runtime: Runtime, document: ReleaseDocument) -> None:
    """Start the release's execution, or find it started; a release has one execution."""
    try:
        runtime.clients.stepfunctions.start_execution(
            stateMachineArn=runtime.environment.state_machine_arn,
            name=document.release_id,
            input=document.model_dump_json(by_alias=True, exclude_none=True),
        )
    except ClientError as error:
        if code_of(error) != "ExecutionAlreadyExists":
            raise
        logger.info("this very release was started before; another reason makes another")
        return
    logger.info("started", commit=document.trigger.commit, source=document.trigger.source)


def skip(runtime: Runtime, skipped: Skip, time: str) -> None:
    """Record why nothing is released: in the log, in the ledger, in a notification."""
    logger.info("skipped", commit=skipped.commit, reason=skipped.reason)
    if not skipped.audible:
        return
    project = runtime.environment.project
    settings = notifications_of(runtime, read_current(runtime.clients.ssm, project))
    if skipped.outcome is Outcome.ELSEWHERE and not named(settings, Outcome.ELSEWHERE):
        return
    runtime.ledger.put_skipped(
        project,
        time=time,
        commit=skipped.commit,
        reason=skipped.reason,
        expires=runtime.now() + KEEP,
    )
    if wanted(settings, skipped.outcome):
        rows = [
            ("outcome", skipped.outcome.value),
            ("project", project),
            ("commit", skipped.commit),
            ("reason", skipped.reason),
            ("next", "wharf releases"),
        ]
        publish(runtime, skipped.outcome, f"{project}: nothing to release", table(rows))


@entry(Change)
def handler(event: Change, runtime: Runtime) -> None:
    for record in event.Records:
        notification = record.Sns
        start_release(runtime, notification.Message, notification.Timestamp, notification.MessageId)
    if event.sweep:
        lost = find_lost_push(runtime)
        if lost is not None:
            grant_once(runtime, lost.push, event.time, lost.message)
