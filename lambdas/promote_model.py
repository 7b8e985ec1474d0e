"""Promote: the champion pointer moves to the verified release, and the lease goes back.

What only a way back over two champions would need is removed before the lease goes: until then no
other release changes the endpoint.
"""

from contracts.release import Promotion, ReleaseDocument
from lambdas.document import required
from lambdas.endpoint_rows import Champion
from lambdas.entry import entry
from lambdas.outdated import remove_outdated
from lambdas.site import Site


def promote_model(site: Site, document: ReleaseDocument) -> ReleaseDocument:
    """Add the promotion. Raises IncompleteRelease without a verification."""
    required(document.verification, "verification")
    champion = crown(site, document)
    removal = remove_outdated(site, champion)
    site.ledger.release_lease(site.environment.endpoint, document.release_id)
    promotion = Promotion(
        champion=champion.release_id,
        previous_champion=champion.previous_release,
        removal=removal,
    )
    return document.model_copy(update={"promotion": promotion})


def crown(site: Site, document: ReleaseDocument) -> Champion:
    """The pointer after the move; an earlier attempt's move counts."""
    endpoint = site.environment.endpoint
    before = site.ledger.champion(endpoint)
    if before is not None and before.release_id == document.release_id:
        return before
    champion = Champion(
        release_id=document.release_id,
        config=required(document.deployment, "deployment").config,
        model_package=required(document.model_package, "model_package").arn,
        order=document.trigger.order,
        previous_release=None if before is None else before.release_id,
        previous_config=None if before is None else before.config,
        previous_model_package=None if before is None else before.model_package,
        previous_order=0 if before is None else before.order,
        outdated=outdated_after(before),
    )
    site.ledger.crown(endpoint, champion)
    return champion


def outdated_after(before: Champion | None) -> tuple[str, ...]:
    """The releases before ``before``: with the next champion, no way back leads to them."""
    if before is None:
        return ()
    previous = () if before.previous_release is None else (before.previous_release,)
    return (*before.outdated, *previous)


@entry(ReleaseDocument)
def handler(document: ReleaseDocument, site: Site) -> ReleaseDocument:
    return promote_model(site, document)
