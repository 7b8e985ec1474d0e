"""Turn a message into a proposed release, or into a reason to release nothing."""

from collections.abc import Sequence

from lambdas.errors import UnknownCommit
from lambdas.pinning import data_of, repository_of, source_of
from lambdas.release_rows import Skip
from lambdas.runtime import Runtime
from lambdas.settings import Pinned
from lambdas.sources import BRANCH, DataArrived, Message, Push, Reference
from lambdas.upload import is_whole, upload_of
from modelwharf.artifact.contract import Contract
from modelwharf.contracts.parameters import Data, Outcome, Source
from modelwharf.contracts.request import ReleaseRequest, TriggerSource

REFERENCES_SHOWN = 5


class ProposedRelease(Contract):
    """A release to make, if its ingredients are new.

    ``head`` says that the commit was the branch's head when it was read.
    """

    source: TriggerSource
    commit: str
    branch: str
    head: bool
    reason: str = ""
    inputs: tuple[str, ...] = ()
    requested_by: str = ""


def proposed_release(runtime: Runtime, pinned: Pinned, message: Message) -> ProposedRelease | Skip:
    """Return the release that the message asks for, from the current repository and parameters."""
    source = source_of(runtime, pinned)
    if isinstance(message, Push):
        return _pushed(runtime, message, source)
    branch = Source().branch if source is None else source.branch
    if isinstance(message, DataArrived):
        data = data_of(runtime, pinned)
        inputs = () if data is None else _inputs(data, message.key)
        known = data is None or inputs
        if message.bucket != runtime.environment.data_bucket or not known:
            reason = f"no input names s3://{message.bucket}/{message.key}"
            return Skip(commit="-", reason=reason, audible=False)
        upload = upload_of(runtime, message.key)
        if data is not None and upload is not None:
            if not is_whole(runtime, data, upload):
                names = ", ".join(upload.inputs)
                reason = f"{names} are uploaded together, and {upload.inputs[-1]} is still to come"
                return Skip(commit="-", reason=reason, audible=False)
            inputs = upload.inputs
        proposal = _requested(runtime, ReleaseRequest(source=TriggerSource.DATA), branch)
        return (
            proposal
            if isinstance(proposal, Skip)
            else proposal.model_copy(update={"inputs": inputs})
        )
    return _requested(runtime, message, message.branch or branch)


def _inputs(data: Data, key: str) -> tuple[str, ...]:
    """Return the inputs whose object this is."""
    return tuple(name for name, item in data.inputs.items() if item.key == key)


def _pushed(runtime: Runtime, push: Push, source: Source | None) -> ProposedRelease | Skip:
    """Decide about a push. ``source`` None: the parameter is invalid, which Resolve reports."""
    if not push.references:
        return Skip(commit="-", reason="the push names no reference", audible=False)
    branch = push.references[0].ref.removeprefix(BRANCH) if source is None else source.branch
    reference = push.to(branch)
    if reference is None:
        return _to_other_branches(push.references, branch)
    if reference.deleted:
        return Skip(commit=reference.commit, reason=f"{reference.ref} was deleted")
    try:
        head = repository_of(runtime).head(branch)
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
    return ProposedRelease(
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


def _requested(runtime: Runtime, request: ReleaseRequest, branch: str) -> ProposedRelease | Skip:
    commit = request.commit
    if commit is None:
        try:
            commit = repository_of(runtime).head(branch)
        except UnknownCommit as error:
            return Skip(commit="-", reason=str(error))
    return ProposedRelease(
        source=request.source,
        commit=commit,
        branch=branch,
        head=request.commit is None,
        reason=request.reason,
        requested_by=request.requested_by,
    )
