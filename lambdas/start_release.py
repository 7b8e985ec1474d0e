"""Start: from a message on the ``changes`` topic, or new data, to an execution.

An execution is named after its release. Broken configuration does not stop it from starting: it
fails visibly, in Resolve. A message that comes twice is decided once.
"""

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, model_validator

from contracts.parameters import Outcome
from contracts.release import ReleaseDocument
from lambdas.entry import entry
from lambdas.errors import code_of
from lambdas.log import logger
from lambdas.lost_push import find_lost_push, saw_head
from lambdas.notification import named, publish, table, wanted
from lambdas.order import decide
from lambdas.pinning import notifications_of
from lambdas.release_rows import Decision, Skip
from lambdas.settings import read_current
from lambdas.site import Site
from lambdas.sources import Message, UnreadableMessage, read_message
from lambdas.table_rows import KEEP

SCHEDULED = "Scheduled Event"


class SnsMessage(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    Message: str
    MessageId: str
    """The same when SNS delivers a message twice."""
    Timestamp: str


class SnsRecord(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    Sns: SnsMessage


class Change(BaseModel):
    """SNS's event to a function, which holds one record, or EventBridge's, read as its message."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    Records: tuple[SnsRecord, ...] = ()
    sweep: bool = False
    """The schedule's: nothing has changed, but a push may have been lost."""
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


def start_release(site: Site, text: str, time: str, message: str) -> None:
    """Start what one message asks for.

    ``time`` is the message's, ISO 8601; ``message`` is its id, the same when it comes again.
    """
    try:
        wish = read_message(text)
    except UnreadableMessage as error:
        skip(site, Skip(commit="-", reason=str(error)), time)
        return
    grant_once(site, wish, time, message)


def grant_once(site: Site, wish: Message, time: str, message: str) -> None:
    """Decide, unless an earlier delivery of the message did, and carry the decision out."""
    project = site.environment.project
    known = site.ledger.decision(project, message)
    if known is not None and known[1]:
        logger.info("this very message was carried out before", message_id=message)
        return
    decision = (
        known[0]
        if known is not None
        else site.ledger.put_decision(project, message, decide(site, wish, time), site.now() + KEEP)
    )
    carry_out(site, decision, time)
    site.ledger.mark_carried_out(project, message)


def carry_out(site: Site, decision: Decision, time: str) -> None:
    """Do what was decided; doing it twice is doing it once."""
    if decision.release is not None:
        logger.append_keys(release_id=decision.release.release_id)
        site.ledger.put_release(decision.release)
        start_execution(site, decision.release)
    if decision.skip is not None:
        skip(site, decision.skip, time)
    if decision.head:
        saw_head(site, decision.branch, decision.head)


def start_execution(site: Site, document: ReleaseDocument) -> None:
    """Start it, or find it started; the same release twice is one execution."""
    try:
        site.clients.stepfunctions.start_execution(
            stateMachineArn=site.environment.state_machine_arn,
            name=document.release_id,
            input=document.model_dump_json(by_alias=True, exclude_none=True),
        )
    except ClientError as error:
        if code_of(error) != "ExecutionAlreadyExists":
            raise
        logger.info("this very release was started before; another reason makes another")
        return
    logger.info("started", commit=document.trigger.commit, source=document.trigger.source)


def skip(site: Site, skipped: Skip, time: str) -> None:
    """Say why nothing is released: in the log, in the ledger, to people."""
    logger.info("skipped", commit=skipped.commit, reason=skipped.reason)
    if not skipped.audible:
        return
    project = site.environment.project
    wishes = notifications_of(site, read_current(site.clients.ssm, project))
    if skipped.outcome is Outcome.ELSEWHERE and not named(wishes, Outcome.ELSEWHERE):
        return
    site.ledger.put_skipped(
        project,
        time=time,
        commit=skipped.commit,
        reason=skipped.reason,
        expires=site.now() + KEEP,
    )
    if wanted(wishes, skipped.outcome):
        rows = [
            ("outcome", skipped.outcome.value),
            ("project", project),
            ("commit", skipped.commit),
            ("reason", skipped.reason),
            ("next", "wharf releases"),
        ]
        publish(site, skipped.outcome, f"{project}: nothing to release", table(rows))


@entry(Change)
def handler(event: Change, site: Site) -> None:
    for record in event.Records:
        told = record.Sns
        start_release(site, told.Message, told.Timestamp, told.MessageId)
    if event.sweep:
        lost = find_lost_push(site)
        if lost is not None:
            grant_once(site, lost.push, event.time, lost.message)
