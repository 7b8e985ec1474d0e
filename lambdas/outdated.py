"""Models and endpoint configurations of releases that no way back leads to any more.

A way back leads to the champion or to the one before it. What was deployed before those two is
named by the champion's row until it is gone, so a removal that failed is made up for by the next
promotion.
"""

from botocore.exceptions import BotoCoreError, ClientError

from contracts.names import job_name
from contracts.release import Removal
from lambdas.endpoint import describe_endpoint
from lambdas.endpoint_rows import Champion
from lambdas.log import logger
from lambdas.removal import remove_config, remove_model
from lambdas.site import Site


def remove_outdated(site: Site, champion: Champion) -> Removal:
    """Remove what ``champion.outdated`` names. Never raises: the release is promoted already."""
    removed: list[str] = []
    try:
        _remove(site, champion, removed)
    except (ClientError, BotoCoreError) as error:
        logger.exception("outdated models and configurations stay until the next promotion")
        return Removal(removed=tuple(removed), left=str(error))
    return Removal(removed=tuple(removed))


def _remove(site: Site, champion: Champion, removed: list[str]) -> None:
    """Names are derived from the releases' ids, so nothing that no release made can be meant."""
    if not champion.outdated:
        return
    endpoint, project = site.environment.endpoint, site.environment.project
    state = describe_endpoint(site, endpoint)
    used = {state.config, state.target} if state else set()
    used |= {champion.config, champion.previous_config or ""}
    kept: list[str] = []
    for release in champion.outdated:
        config, model = (job_name(project, release, part) for part in ("config", "model"))
        if config in used:
            kept.append(release)
            continue
        remove_config(site, config)
        removed.append(config)
        remove_model(site, model)
        removed.append(model)
    site.ledger.put_outdated(endpoint, champion.release_id, kept)
