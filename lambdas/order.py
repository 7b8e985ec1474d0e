"""The one order of releases, and what is decided of a wish in it.

A wish takes its number before it reads anything, and its release counts only if nobody has taken
a later number by the time everything is read; otherwise it takes a new number and reads again.
So of two releases the one with the greater number has read everything after the other had: what
it is made of is never older. No clock has a say in it. The number and what the newest release is
made of are one row, and change by conditional writes.
"""

import random

from contracts.names import release_id
from contracts.release import ReleaseDocument, Trigger
from contracts.request import TriggerSource
from lambdas.errors import ServiceFault, UnknownCommit
from lambdas.execution import RUNNING, describe, status_of
from lambdas.log import logger
from lambdas.pinning import data_of, image_tags, pin_data, repository_of
from lambdas.release_rows import Decision, Latest, Skip
from lambdas.settings import Pinned, read_current
from lambdas.site import Site
from lambdas.sources import Message
from lambdas.wishes import Wish, wished

TRIES = 12  # with the pauses between them some 20 s, of the 60 that the function has
LONGEST_PAUSE = 3.0  # seconds
PATHS_SHOWN = 5


def decide(site: Site, message: Message, time: str) -> Decision:
    """What comes of the wish. Raises ServiceFault while too many others ask at once."""
    project = site.environment.project
    for attempt in range(TRIES):
        order = site.ledger.next_order(project)
        decision, latest = _look(site, message, time, order)
        if latest is None or site.ledger.put_latest(project, latest):
            return decision
        logger.info("another wish was looked at meanwhile", order=order)
        site.sleep(random.uniform(0, min(LONGEST_PAUSE, 0.1 * 2**attempt)))  # noqa: S311
    raise ServiceFault(
        f"{TRIES} times another wish for a release of {project} came in between; tried again"
    )


def _look(site: Site, message: Message, time: str, order: int) -> tuple[Decision, Latest | None]:
    """Read everything, from the parameters to the newest release, and decide."""
    pinned = read_current(site.clients.ssm, site.environment.project)
    wish = wished(site, pinned, message)
    if isinstance(wish, Skip):
        return Decision(skip=wish), None
    head = {"head": wish.commit, "branch": wish.branch} if wish.head else {}
    document = _document(site, pinned, wish, time, order)
    tags = image_tags(site, pinned, wish.commit)
    latest = site.ledger.latest(site.environment.project)
    skip = None
    if latest is not None:
        document = _again(site, wish, document, latest)
        skip = _nothing_new(site, wish, document, tags, latest)
    skip = skip or _released_already(site, document, latest)
    if skip is not None:
        return Decision(skip=skip, **head), None
    return Decision(release=document, **head), _ingredients(document, tags)


def _document(site: Site, pinned: Pinned, wish: Wish, time: str, order: int) -> ReleaseDocument:
    data = data_of(site, pinned)
    trigger = Trigger(
        source=wish.source,
        commit=wish.commit,
        branch=wish.branch,
        data_versions={} if data is None else pin_data(site, data),
        parameter_versions=pinned.versions,
        configuration=pinned.configuration(site.environment.project),
        reason=wish.reason,
        inputs=wish.inputs,
        requested_by=wish.requested_by,
        requested_at=time,
        order=order,
    )
    return _named(site.environment.project, trigger)


def _named(project: str, trigger: Trigger) -> ReleaseDocument:
    identity = release_id(
        commit=trigger.commit,
        data_versions=trigger.data_versions,
        parameter_versions=trigger.parameter_versions,
        configuration=trigger.configuration,
        reason=trigger.reason,
    )
    return ReleaseDocument(release_id=identity, project=project, trigger=trigger)


def _again(site: Site, wish: Wish, document: ReleaseDocument, latest: Latest) -> ReleaseDocument:
    """A release of its own for what comes back after another: a branch set back to a commit.

    Its first release has its place before the other, which would go on serving.
    """
    back = (
        wish.source is not TriggerSource.REQUEST
        and latest.release_id != document.release_id
        and not _same(document, latest)
        and describe(site, document.release_id) is not None
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
    site: Site, wish: Wish, document: ReleaseDocument, tags: dict[str, str], latest: Latest
) -> Skip | None:
    """Why the push releases nothing: the latest release is made of the very same."""
    same = (
        bool(tags)
        and tags == latest.image_tags
        and document.trigger.data_versions == latest.data_versions
        and document.trigger.parameter_versions == latest.parameter_versions
        and document.trigger.configuration == latest.configuration
    )
    if wish.source is TriggerSource.REQUEST or not same:
        return None
    # The same commit again is the same execution; _released_already tells more.
    if latest.release_id == document.release_id:
        return None
    if status_of(site, latest.release_id) not in (RUNNING, "SUCCEEDED"):
        return None
    if wish.source is TriggerSource.DATA:
        return None if latest.commit != wish.commit else _made_of_the_same(wish, latest)
    changed = _changed(site, latest.commit, wish.commit)
    return Skip(
        commit=wish.commit,
        reason=(
            f"commit {wish.commit[:7]} changes {changed}; the images, data and parameters are "
            f"those of release {latest.release_id}"
        ),
    )


def _made_of_the_same(wish: Wish, latest: Latest) -> Skip:
    reason = f"release {latest.release_id} is made of the same commit, data and parameters"
    return Skip(commit=wish.commit, reason=reason, audible=False)


def _changed(site: Site, before: str, after: str) -> str:
    try:
        paths = repository_of(site).changed_paths(before, after, PATHS_SHOWN + 1)
    except UnknownCommit:
        return "nothing that a release is made of"
    if not paths:
        return "no file"
    shown = ", ".join(paths[:PATHS_SHOWN])
    return f"only {shown}" + (" and more" if len(paths) > PATHS_SHOWN else "")


def _released_already(site: Site, document: ReleaseDocument, latest: Latest | None) -> Skip | None:
    """Why the very same release is not started a second time."""
    execution = describe(site, document.release_id)
    if execution is None:
        return None
    commit, release = document.trigger.commit, document.release_id
    if latest is not None and _same(document, latest):  # it may have come back since
        release = latest.release_id
        execution = describe(site, release) or execution
    if execution["status"] == RUNNING:
        return Skip(commit=commit, reason=f"release {release} of it runs already", audible=False)
    ended = str(execution["status"]).lower().replace("_", " ")
    return Skip(
        commit=commit,
        reason=(
            f"commit {commit[:7]}, with the same data and parameters, was released already as "
            f"{release} ({ended}){_serving_instead(site, release)}; to release it again: "
            f"wharf start --commit {commit} --reason …"
        ),
    )


def _serving_instead(site: Site, release: str) -> str:
    champion = site.ledger.champion(site.environment.endpoint)
    if champion is None or champion.release_id == release:
        return ""
    return f", and {champion.release_id} serves now"


def _ingredients(document: ReleaseDocument, tags: dict[str, str]) -> Latest:
    return Latest(
        release_id=document.release_id,
        order=document.trigger.order,
        commit=document.trigger.commit,
        image_tags=tags,
        data_versions=document.trigger.data_versions,
        parameter_versions=document.trigger.parameter_versions,
        configuration=document.trigger.configuration,
    )
