"""Find a push whose message never arrived, from the head of its branch.

The branch's head is compared with the head that was last considered. When a new head has not been
considered for a while, its message was lost: the message and its retries had time to arrive.
"""

from lambdas.errors import UnknownCommit
from lambdas.log import logger
from lambdas.pinning import repository_of, source_of
from lambdas.release_rows import Head
from lambdas.runtime import Runtime
from lambdas.settings import read_current
from lambdas.sources import BRANCH, Push, Reference
from modelwharf.artifact.contract import Contract
from modelwharf.contracts.parameters import Source

FOUND_BY = "the sweep, as its message was lost"


class LostPush(Contract):
    """The push as its message would have described it; ``message`` stands for the message's id."""

    push: Push
    message: str


def saw_head(runtime: Runtime, branch: str, commit: str) -> None:
    """Store that the branch's head was considered, whatever the result."""
    runtime.ledger.put_head(runtime.environment.project, Head(branch=branch, commit=commit))


def find_lost_push(runtime: Runtime) -> LostPush | None:
    """Return the branch's head when it is unconsidered for ``lost_push_after_seconds``.

    The first head that is seen, in a new stack or after the branch of releases has changed, is only
    stored: neither a deployment nor a changed parameter starts a release.
    """
    project = runtime.environment.project
    pinned = read_current(runtime.clients.ssm, project)
    branch = (source_of(runtime, pinned) or Source()).branch
    try:
        head = repository_of(runtime).head(branch)
    except UnknownCommit:
        head = ""
    known = runtime.ledger.head(project)
    if known is None or known.branch != branch:
        saw_head(runtime, branch, head)
        return None
    if not head:
        return None
    if known.commit == head:
        return None
    if known.unseen != head:
        since = {"unseen": head, "since": runtime.now()}
        runtime.ledger.put_unseen(project, known.model_copy(update=since))
        return None
    if runtime.now() - known.since < runtime.environment.lost_push_after_seconds:
        return None
    logger.warning("a push was lost", commit=head, branch=branch)
    push = Push(references=(Reference(commit=head, ref=BRANCH + branch),), pushed_by=FOUND_BY)
    return LostPush(push=push, message=f"lost-push/{head}/{known.since}")
