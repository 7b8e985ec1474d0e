"""The order of releases, and the decision about each request for one.

A request takes a number before it reads anything. Its release counts only if no other request has
taken a later number by the time everything is read; otherwise it takes a new number and reads
again. So of two releases, the one with the greater number has read everything after the other had,
and is never made of anything older. No clock is involved. The number and the ingredients of the
newest release are one row, which changes by conditional writes.
"""

import random

from lambdas.errors import ServiceFault, UnknownCommit
from lambdas.execution import RUNNING, describe, status_of
from lambdas.log import logger
from lambdas.pinning import data_of, image_contents, pin_data, repository_of
from lambdas.proposals import ProposedRelease, proposed_release
from lambdas.release_rows import Decision, Latest, Skip
from lambdas.runtime import Runtime
from lambdas.settings import Pinned, read_current
from lambdas.sources import Message
from modelwharf.contracts.names import release_id
from modelwharf.contracts.release import ReleaseDocument, Trigger
from modelwharf.contracts.request import TriggerSource

TRIES = 12  # about 20 s with the pauses between them, of the function's 60 s
LONGEST_PAUSE = 3.0  # seconds
PATHS_SHOWN = 5


def decide(runtime: Runtime, message: Message, time: str) -> Decision:
    """Decide what the message starts. Raises ServiceFault while too many other requests come in."""
    project = runtime.environment.project
    for attempt in range(TRIES):
        order = runtime.ledger.next_order(project)
        decision, latest = _look(runtime, message, time, order)
        if latest is None or runtime.ledger.put_latest(project, latest):
            return decision
        logger.info("another message was decided meanwhile", order=order)
        runtime.sleep(random.uniform(0, min(LONGEST_PAUSE, 0.1 * 2**attempt)))  # noqa: S311
    raise ServiceFault(
        f"{TRIES} times another message for a release of {project} was decided first; tried again"
    )


def _look(
    runtime: Runtime, message: Message, time: str, order: int
) -> tuple[Decision, Latest | None]:
    """Read everything, from the parameters to the newest release, and decide."""
    pinned = read_current(runtime.clients.ssm, runtime.environment.project)
    proposal = proposed_release(runtime, pinned, message)
    if isinstance(proposal, Skip):
        return Decision(skip=proposal), None
    head = {"head": proposal.commit, "branch": proposal.branch} if proposal.head else {}
    document = _document(runtime, pinned, proposal, time, order)
    contents = image_contents(runtime, pinned, proposal.commit)
    latest = runtime.ledger.latest(runtime.environment.project)
    skip = None
    if latest is not None:
        document = _again(runtime, proposal, document, latest)
        skip = _nothing_new(runtime, proposal, document, contents, latest)
    skip = skip or _released_already(runtime, document, latest)
    if skip is not None:
        return Decision(skip=skip, **head), None
    return Decision(release=document, **head), _ingredients(document, contents)


def _document(
    runtime: Runtime, pinned: Pinned, proposal: ProposedRelease, time: str, order: int
) -> ReleaseDocument:
    data = data_of(runtime, pinned)
    trigger = Trigger(
        source=proposal.source,
        commit=proposal.commit,
        branch=proposal.branch,
        data_versions={} if data is None else pin_data(runtime, data),
        parameter_versions=pinned.versions,
        configuration=pinned.configuration(runtime.environment.project),
        reason=proposal.reason,
        inputs=proposal.inputs,
        requested_by=proposal.requested_by,
        requested_at=time,
        order=order,
    )
    return _named(runtime.environment.project, trigger)


def _named(project: str, trigger: Trigger) -> ReleaseDocument:
    identity = release_id(
        commit=trigger.commit,
        data_versions=trigger.data_versions,
        parameter_versions=trigger.parameter_versions,
        configuration=trigger.configuration,
        reason=trigger.reason,
    )
    return ReleaseDocument(release_id=identity, project=project, trigger=trigger)


def _again(
    runtime: Runtime, proposal: ProposedRelease, document: ReleaseDocument, latest: Latest
) -> ReleaseDocument:
    """Name a new release when the branch is set back to a commit that was released before.

    The commit's first release is earlier in the order than the latest one, which would go on
    serving.
    """
    back = (
        proposal.source is not TriggerSource.REQUEST
        and latest.release_id != document.release_id
        and not _same(document, latest)
        and describe(runtime, document.release_id) is not None
    )
    if not back:
        return document
    reason = f"back to it after {latest.release_id}"
    return _named(document.project, document.trigger.model_copy(update={"reason": reason}))


def _same(document: ReleaseDocument, latest: Latest) -> bool:
    """Whether both are of one commit, with the same data and parameters."""
    return (
        document.trigger.commit == latest.commit
        and document.trigger.data_versions == latest.data_versions
        and document.trigger.parameter_versions == latest.parameter_versions
        and document.trigger.configuration == latest.configuration
    )


def _nothing_new(
    runtime: Runtime,
    proposal: ProposedRelease,
    document: ReleaseDocument,
    contents: dict[str, str],
    latest: Latest,
) -> Skip | None:
    """Return why the push releases nothing: the latest release has the same ingredients."""
    same = (
        bool(contents)
        and contents == latest.contents
        and document.trigger.data_versions == latest.data_versions
        and document.trigger.parameter_versions == latest.parameter_versions
        and document.trigger.configuration == latest.configuration
    )
    if proposal.source is TriggerSource.REQUEST or not same:
        return None
    # The same commit again has the same execution; _released_already reports more about it.
    if latest.release_id == document.release_id:
        return None
    if status_of(runtime, latest.release_id) not in (RUNNING, "SUCCEEDED"):
        return None
    if proposal.source is TriggerSource.DATA:
        return None if latest.commit != proposal.commit else _made_of_the_same(proposal, latest)
    changed = _changed(runtime, latest.commit, proposal.commit)
    return Skip(
        commit=proposal.commit,
        reason=(
            f"commit {proposal.commit[:7]} changes {changed}; the images, data and parameters are "
            f"those of release {latest.release_id}"
        ),
    )


def _made_of_the_same(proposal: ProposedRelease, latest: Latest) -> Skip:
    reason = f"release {latest.release_id} is made of the same commit, data and parameters"
    return Skip(commit=proposal.commit, reason=reason, audible=False)


def _changed(runtime: Runtime, before: str, after: str) -> str:
    try:
        paths = repository_of(runtime).changed_paths(before, after, PATHS_SHOWN + 1)
    except UnknownCommit:
        return "nothing that a release is made of"
    if not paths:
        return "no file"
    shown = ", ".join(paths[:PATHS_SHOWN])
    return f"only {shown}" + (" and more" if len(paths) > PATHS_SHOWN else "")


def _released_already(
    runtime: Runtime, document: ReleaseDocument, latest: Latest | None
) -> Skip | None:
    """Return why a release that exists is not started a second time."""
    execution = describe(runtime, document.release_id)
    if execution is None:
        return None
    commit, release = document.trigger.commit, document.release_id
    if latest is not None and _same(document, latest):  # the branch may have come back
        release = latest.release_id
        execution = describe(runtime, release) or execution
    if execution["status"] == RUNNING:
        return Skip(commit=commit, reason=f"release {release} of it runs already", audible=False)
    ended = str(execution["status"]).lower().replace("_", " ")
    return Skip(
        commit=commit,
        reason=(
            f"commit {commit[:7]}, with the same data and parameters, was released already as "
            f"{release} ({ended}){_serving_instead(runtime, release)}; to release it again: "
            f"wharf start --commit {commit} --reason …"
        ),
    )


def _serving_instead(runtime: Runtime, release: str) -> str:
    champion = runtime.ledger.champion(runtime.environment.endpoint)
    if champion is None or champion.release_id == release:
        return ""
    return f", and {champion.release_id} serves now"


def _ingredients(document: ReleaseDocument, contents: dict[str, str]) -> Latest:
    return Latest(
        release_id=document.release_id,
        order=document.trigger.order,
        commit=document.trigger.commit,
        contents=contents,
        data_versions=document.trigger.data_versions,
        parameter_versions=document.trigger.parameter_versions,
        configuration=document.trigger.configuration,
    )
