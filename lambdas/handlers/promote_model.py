"""Promote: move the champion pointer to the verified release, and give the lease back.

Models and configurations from before the previous champion are removed first. Until the lease is
given back, no other release changes the endpoint.
"""

from lambdas.endpoint_rows import Champion
from lambdas.entry import entry
from lambdas.outdated import remove_outdated
from lambdas.runtime import Runtime
from modelwharf.contracts.release import Promotion, ReleaseDocument
from modelwharf.contracts.stages import VerifiedRelease


def promote_model(runtime: Runtime, document: VerifiedRelease) -> ReleaseDocument:
    """Add the promotion. The type says that the model is verified: nothing else is promoted."""
    champion = put_champion(runtime, document)
    removal = remove_outdated(runtime, champion)
    runtime.ledger.release_lease(runtime.environment.endpoint, document.release_id)
    promotion = Promotion(
        champion=champion.release_id,
        previous_champion=champion.previous_release,
        removal=removal,
    )
    return document.model_copy(update={"promotion": promotion})


def put_champion(runtime: Runtime, document: VerifiedRelease) -> Champion:
    """Return the pointer after the move; a move by an earlier attempt counts."""
    endpoint = runtime.environment.endpoint
    before = runtime.ledger.champion(endpoint)
    if before is not None and before.release_id == document.release_id:
        return before
    champion = Champion(
        release_id=document.release_id,
        config=document.deployment.config,
        model_package=document.model_package.arn,
        order=document.trigger.order,
        previous_release=None if before is None else before.release_id,
        previous_config=None if before is None else before.config,
        previous_model_package=None if before is None else before.model_package,
        previous_order=0 if before is None else before.order,
        outdated=outdated_after(before),
    )
    runtime.ledger.put_champion(endpoint, champion)
    return champion


def outdated_after(before: Champion | None) -> tuple[str, ...]:
    """Return the releases before ``before``: after the next promotion no rollback leads to them."""
    if before is None:
        return ()
    previous = () if before.previous_release is None else (before.previous_release,)
    return (*before.outdated, *previous)


@entry(VerifiedRelease)
def handler(document: VerifiedRelease, runtime: Runtime) -> ReleaseDocument:
    return promote_model(runtime, document)
