"""A push whose message never arrived, found by the branch that holds it.

The branch's head is compared with the one that was last considered. A head that nobody has
considered for a while is a push whose message was lost: its own message, or a retry of it, has
had the time to arrive.
"""

from contracts.model import Contract
from contracts.parameters import Source
from lambdas.errors import UnknownCommit
from lambdas.log import logger
from lambdas.pinning import repository_of, source_of
from lambdas.release_rows import Head
from lambdas.settings import read_current
from lambdas.site import Site
from lambdas.sources import BRANCH, Push, Reference

FOUND_BY = "the sweep, as its message was lost"


class LostPush(Contract):
    """The push as its message would have told it; ``message`` stands for the message's id."""

    push: Push
    message: str


def saw_head(site: Site, branch: str, commit: str) -> None:
    """Remember that the branch's head was considered, whatever came of it."""
    site.ledger.put_head(site.environment.project, Head(branch=branch, commit=commit))


def find_lost_push(site: Site) -> LostPush | None:
    """The branch's head, when nobody has considered it for ``lost_push_after_seconds``.

    What a new stack's repository holds, and the head of a branch that releases were not made from
    before, is where one begins to look: neither a deployment nor a changed parameter releases.
    """
    project = site.environment.project
    pinned = read_current(site.clients.ssm, project)
    branch = (source_of(site, pinned) or Source()).branch
    try:
        head = repository_of(site).head(branch)
    except UnknownCommit:
        head = ""
    known = site.ledger.head(project)
    if known is None or known.branch != branch:
        saw_head(site, branch, head)
        return None
    if not head:
        return None
    if known.commit == head:
        return None
    if known.unseen != head:
        since = {"unseen": head, "since": site.now()}
        site.ledger.put_unseen(project, known.model_copy(update=since))
        return None
    if site.now() - known.since < site.environment.lost_push_after_seconds:
        return None
    logger.warning("a push was lost", commit=head, branch=branch)
    push = Push(references=(Reference(commit=head, ref=BRANCH + branch),), pushed_by=FOUND_BY)
    return LostPush(push=push, message=f"lost-push/{head}/{known.since}")
