"""Start: from a message on the ``changes`` topic, or new data, to an execution.

An execution is named after its release.

Everything that the release is made from is pinned here, before the first state runs. Broken
configuration does not stop it from starting: it fails visibly, in Resolve.
"""

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, model_validator

from contracts.model import Contract
from contracts.names import release_id
from contracts.parameters import Data, InvalidParameter, Notifications, Outcome, Source
from contracts.release import ReleaseDocument, Trigger
from contracts.request import ReleaseRequest, TriggerSource
from lambdas.archive import MISSING_CODES
from lambdas.entry import entry
from lambdas.errors import UnknownCommit, code_of
from lambdas.execution import RUNNING, describe, status_of
from lambdas.ledger import KEEP, Latest
from lambdas.log import logger
from lambdas.notification import publish, table, wanted
from lambdas.repository import MissingPath, Repository, tag_of
from lambdas.settings import Pinned, read_current
from lambdas.site import Site
from lambdas.sources import BRANCH, DataArrived, Message, Push, UnreadableMessage, read_messages

PATHS_SHOWN = 5


class SnsMessage(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    Message: str
    Timestamp: str


class SnsRecord(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    Sns: SnsMessage


class Change(BaseModel):
    """SNS's event to a function, which holds one record, or EventBridge's, read as its message."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    Records: tuple[SnsRecord, ...]

    @model_validator(mode="before")
    @classmethod
    def from_eventbridge(cls, event: Any) -> Any:
        if not isinstance(event, Mapping) or "detail-type" not in event:
            return event
        message = {"Message": json.dumps(event), "Timestamp": event.get("time")}
        return {"Records": [{"Sns": message}]}


class Skip(Contract):
    """Why a change releases nothing. ``audible``: people and the ledger hear of it."""

    commit: str
    reason: str
    audible: bool = True


class Wish(Contract):
    """A release that is to be, if its ingredients are new."""

    source: TriggerSource
    commit: str
    branch: str
    reason: str = ""
    requested_by: str = ""


def start_release(site: Site, text: str, time: str) -> None:
    """Start what one message asks for; ``time`` is the message's, ISO 8601."""
    pinned = read_current(site.clients.ssm, site.environment.project)
    try:
        messages = read_messages(text)
    except UnreadableMessage as error:
        skip(site, pinned, Skip(commit="-", reason=str(error)), time)
        return
    for message in messages:
        wish = consider(site, pinned, message)
        skipped = start(site, pinned, wish, time) if isinstance(wish, Wish) else wish
        if skipped is not None:
            skip(site, pinned, skipped, time)


def consider(site: Site, pinned: Pinned, message: Message) -> Wish | Skip:
    """What the message asks for."""
    source = source_of(site, pinned)
    if isinstance(message, Push):
        return _pushed(message, source)
    branch = Source().branch if source is None else source.branch
    if isinstance(message, DataArrived):
        data = data_of(site, pinned)
        known = data is None or message.key in {item.key for item in data.inputs.values()}
        if message.bucket != site.environment.data_bucket or not known:
            reason = f"no input names s3://{message.bucket}/{message.key}"
            return Skip(commit="-", reason=reason, audible=False)
        return _at_head(site, ReleaseRequest(source=TriggerSource.DATA), branch)
    return _at_head(site, message, message.branch or branch)


def _pushed(push: Push, source: Source | None) -> Wish | Skip:
    """``source`` None: nobody can tell the branch of releases, which Resolve will explain."""
    branch = push.ref.removeprefix(BRANCH) if source is None else source.branch
    if push.deleted:
        return Skip(commit=push.commit, reason=f"{push.ref} was deleted")
    if push.ref != BRANCH + branch:
        return Skip(
            commit=push.commit,
            reason=f"the push is to {push.ref}; releases are made from branch {branch!r}",
        )
    return Wish(
        source=TriggerSource.PUSH,
        commit=push.commit,
        branch=branch,
        requested_by=push.pushed_by,
    )


def _at_head(site: Site, request: ReleaseRequest, branch: str) -> Wish | Skip:
    commit = request.commit
    if commit is None:
        try:
            commit = repository_of(site).head(branch)
        except UnknownCommit as error:
            return Skip(commit="-", reason=str(error))
    return Wish(
        source=request.source,
        commit=commit,
        branch=branch,
        reason=request.reason,
        requested_by=request.requested_by,
    )


def start(site: Site, pinned: Pinned, wish: Wish, time: str) -> Skip | None:
    """Pin the ingredients and start the execution, unless a push brings no new ones."""
    project = site.environment.project
    document = release_document(site, pinned, wish, time)
    logger.append_keys(release_id=document.release_id)
    tags = image_tags(site, pinned, wish.commit)
    latest = site.ledger.latest(project)
    if latest is not None and wish.source is TriggerSource.PUSH:
        skipped = nothing_new(site, document, tags, latest)
        if skipped is not None:
            return skipped
    before = describe(site, document.release_id)
    if before is not None and before["status"] != RUNNING and not asked_by(document, before):
        return _released_already(document, str(before["status"]))
    site.ledger.put_release(document)
    if start_execution(site, document):
        site.ledger.put_latest(project, _ingredients(document, tags))
    return None


def asked_by(document: ReleaseDocument, execution: Mapping[str, Any]) -> bool:
    """Whether the very message that started the execution came again, as SNS's do at times."""
    try:
        trigger = json.loads(execution["input"])["trigger"]
    except (KeyError, TypeError, ValueError):  # someone else's execution of that name
        return False
    return bool(trigger.get("requested_at") == document.trigger.requested_at)


def _released_already(document: ReleaseDocument, status: str) -> Skip:
    commit, release = document.trigger.commit, document.release_id
    ended = status.lower().replace("_", " ")
    return Skip(
        commit=commit,
        reason=(
            f"commit {commit[:7]}, with the same data and parameters, was released already as "
            f"{release} ({ended}); to release it again: wharf start --commit {commit} --reason …"
        ),
    )


def release_document(site: Site, pinned: Pinned, wish: Wish, time: str) -> ReleaseDocument:
    data = data_of(site, pinned)
    data_versions = {} if data is None else pin_data(site, data)
    configuration = pinned.configuration(site.environment.project)
    trigger = Trigger(
        source=wish.source,
        commit=wish.commit,
        branch=wish.branch,
        data_versions=data_versions,
        parameter_versions=pinned.versions,
        configuration=configuration,
        reason=wish.reason,
        requested_by=wish.requested_by,
        requested_at=time,
    )
    identity = release_id(
        commit=wish.commit,
        data_versions=data_versions,
        parameter_versions=pinned.versions,
        configuration=configuration,
        reason=wish.reason,
    )
    return ReleaseDocument(release_id=identity, project=site.environment.project, trigger=trigger)


def pin_data(site: Site, data: Data) -> dict[str, str]:
    """Input name → newest version id; an input that is not there yet is left to Resolve."""
    versions = {}
    for name, source in data.inputs.items():
        try:
            head = site.clients.s3.head_object(Bucket=site.environment.data_bucket, Key=source.key)
        except ClientError as error:
            if code_of(error) not in MISSING_CODES:
                raise
            continue
        versions[name] = head["VersionId"]
    return versions


def nothing_new(
    site: Site, document: ReleaseDocument, tags: dict[str, str], latest: Latest
) -> Skip | None:
    """Why the push releases nothing: the latest release is made of the very same."""
    same = (
        bool(tags)
        and tags == latest.image_tags
        and document.trigger.data_versions == latest.data_versions
        and document.trigger.parameter_versions == latest.parameter_versions
        and document.trigger.configuration == latest.configuration
    )
    # The same commit again is the same execution, of which start() tells more.
    if not same or latest.release_id == document.release_id:
        return None
    if status_of(site, latest.release_id) not in (RUNNING, "SUCCEEDED"):
        return None
    commit = document.trigger.commit
    changed = _changed(site, latest.commit, commit)
    return Skip(
        commit=commit,
        reason=(
            f"commit {commit[:7]} changes {changed}; the images, data and parameters are those "
            f"of release {latest.release_id}"
        ),
    )


def _changed(site: Site, before: str, after: str) -> str:
    try:
        paths = repository_of(site).changed_paths(before, after, PATHS_SHOWN + 1)
    except UnknownCommit:
        return "nothing that a release is made of"
    if not paths:
        return "no file"
    shown = ", ".join(paths[:PATHS_SHOWN])
    return f"only {shown}" + (" and more" if len(paths) > PATHS_SHOWN else "")


def start_execution(site: Site, document: ReleaseDocument) -> bool:
    """Whether it started; the same release twice is one execution."""
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
        return False
    logger.info("started", commit=document.trigger.commit, source=document.trigger.source)
    return True


def skip(site: Site, pinned: Pinned, skipped: Skip, time: str) -> None:
    """Say why nothing is released: in the log, in the ledger, to people."""
    logger.info("skipped", commit=skipped.commit, reason=skipped.reason)
    if not skipped.audible:
        return
    project = site.environment.project
    site.ledger.put_skipped(
        project,
        time=time,
        commit=skipped.commit,
        reason=skipped.reason,
        expires=site.now() + KEEP,
    )
    if wanted(notifications_of(site, pinned), Outcome.SKIPPED):
        rows = [
            ("outcome", "skipped"),
            ("project", project),
            ("commit", skipped.commit),
            ("reason", skipped.reason),
            ("next", "wharf releases"),
        ]
        publish(site, Outcome.SKIPPED, f"{project}: nothing to release", table(rows))


def image_tags(site: Site, pinned: Pinned, commit: str) -> dict[str, str]:
    """Kind → tag; empty when they cannot be told, which Resolve will explain."""
    source = source_of(site, pinned) or Source()
    repository = repository_of(site)
    try:
        return {
            "training": tag_of(repository, commit, source, source.training_image),
            "inference": tag_of(repository, commit, source, source.inference_image),
        }
    except (UnknownCommit, MissingPath):
        return {}


def _ingredients(document: ReleaseDocument, tags: dict[str, str]) -> Latest:
    return Latest(
        release_id=document.release_id,
        commit=document.trigger.commit,
        image_tags=tags,
        data_versions=document.trigger.data_versions,
        parameter_versions=document.trigger.parameter_versions,
        configuration=document.trigger.configuration,
    )


def repository_of(site: Site) -> Repository:
    return Repository(site.clients.codecommit, site.environment.code_repository)


def source_of(site: Site, pinned: Pinned) -> Source | None:
    try:
        source: Source = pinned.section(site.environment.project, "source")
    except InvalidParameter:
        return None
    return source


def data_of(site: Site, pinned: Pinned) -> Data | None:
    try:
        data: Data = pinned.section(site.environment.project, "data")
    except InvalidParameter:
        return None
    return data


def notifications_of(site: Site, pinned: Pinned) -> Notifications | None:
    try:
        wishes: Notifications = pinned.section(site.environment.project, "notifications")
    except InvalidParameter:
        return None
    return wishes


@entry(Change)
def handler(event: Change, site: Site) -> None:
    for record in event.Records:
        start_release(site, record.Sns.Message, record.Sns.Timestamp)
