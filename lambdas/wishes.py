"""What a message wishes for: which commit is to be released, or why nothing is."""

from collections.abc import Sequence

from contracts.model import Contract
from contracts.parameters import Data, Outcome, Source
from contracts.request import ReleaseRequest, TriggerSource
from lambdas.errors import UnknownCommit
from lambdas.pinning import data_of, repository_of, source_of
from lambdas.release_rows import Skip
from lambdas.settings import Pinned
from lambdas.site import Site
from lambdas.sources import BRANCH, DataArrived, Message, Push, Reference
from lambdas.upload import is_whole, upload_of

REFERENCES_SHOWN = 5


class Wish(Contract):
    """A release that is to be, if its ingredients are new.

    ``head`` says that the commit is the branch's head, as it was when it was looked at.
    """

    source: TriggerSource
    commit: str
    branch: str
    head: bool
    reason: str = ""
    inputs: tuple[str, ...] = ()
    requested_by: str = ""


def wished(site: Site, pinned: Pinned, message: Message) -> Wish | Skip:
    """What the message asks for, as the repository and the parameters are now."""
    source = source_of(site, pinned)
    if isinstance(message, Push):
        return _pushed(site, message, source)
    branch = Source().branch if source is None else source.branch
    if isinstance(message, DataArrived):
        data = data_of(site, pinned)
        inputs = () if data is None else _inputs(data, message.key)
        known = data is None or inputs
        if message.bucket != site.environment.data_bucket or not known:
            reason = f"no input names s3://{message.bucket}/{message.key}"
            return Skip(commit="-", reason=reason, audible=False)
        upload = upload_of(site, message.key)
        if data is not None and upload is not None:
            if not is_whole(site, data, upload):
                names = ", ".join(upload.inputs)
                reason = f"{names} are uploaded together, and {upload.inputs[-1]} is still to come"
                return Skip(commit="-", reason=reason, audible=False)
            inputs = upload.inputs
        wish = _requested(site, ReleaseRequest(source=TriggerSource.DATA), branch)
        return wish if isinstance(wish, Skip) else wish.model_copy(update={"inputs": inputs})
    return _requested(site, message, message.branch or branch)


def _inputs(data: Data, key: str) -> tuple[str, ...]:
    """The inputs that are this object."""
    return tuple(name for name, item in data.inputs.items() if item.key == key)


def _pushed(site: Site, push: Push, source: Source | None) -> Wish | Skip:
    """``source`` None: nobody can tell the branch of releases, which Resolve will explain."""
    if not push.references:
        return Skip(commit="-", reason="the push names no reference", audible=False)
    branch = push.references[0].ref.removeprefix(BRANCH) if source is None else source.branch
    reference = push.to(branch)
    if reference is None:
        return _to_other_branches(push.references, branch)
    if reference.deleted:
        return Skip(commit=reference.commit, reason=f"{reference.ref} was deleted")
    try:
        head = repository_of(site).head(branch)
    except UnknownCommit as error:
        return Skip(commit=reference.commit, reason=str(error))
    if head != reference.commit:
        return Skip(
            commit=reference.commit,
            reason=(
                f"commit {reference.commit[:7]} was overtaken: branch {branch!r} is at "
                f"{head[:7]} by now, which is released instead"
            ),
        )
    return Wish(
        source=TriggerSource.PUSH,
        commit=head,
        branch=branch,
        head=True,
        requested_by=push.pushed_by,
    )


def _to_other_branches(references: Sequence[Reference], branch: str) -> Skip:
    names = ", ".join(one.ref for one in references[:REFERENCES_SHOWN])
    more = len(references) - REFERENCES_SHOWN
    others = f"{names} and {more} more" if more > 0 else names
    return Skip(
        commit=references[0].commit,
        reason=f"the push is to {others}; releases are made from branch {branch!r}",
        outcome=Outcome.ELSEWHERE,
    )


def _requested(site: Site, request: ReleaseRequest, branch: str) -> Wish | Skip:
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
        head=request.commit is None,
        reason=request.reason,
        requested_by=request.requested_by,
    )
