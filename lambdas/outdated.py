"""Remove models and endpoint configurations that no rollback can lead to any more.

A rollback leads to the champion or to the one before it. The champion's row names the releases
deployed before those two until they are removed, so the next promotion repeats a removal that
failed.
"""

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.endpoint import describe_endpoint
from lambdas.endpoint_rows import Champion
from lambdas.log import logger
from lambdas.removal import remove_config, remove_model
from lambdas.runtime import Runtime
from modelwharf.contracts.names import job_name
from modelwharf.contracts.release import Removal


def remove_outdated(runtime: Runtime, champion: Champion) -> Removal:
    """Remove what ``champion.outdated`` names. Never raises: the release is promoted already."""
    removed: list[str] = []
    try:
        _remove(runtime, champion, removed)
    except (ClientError, BotoCoreError) as error:
        logger.exception("outdated models and configurations stay until the next promotion")
        return Removal(removed=tuple(removed), left=str(error))
    return Removal(removed=tuple(removed))


def _remove(runtime: Runtime, champion: Champion, removed: list[str]) -> None:
    """Remove by names derived from the releases' ids, so only what a release made is removed."""
    if not champion.outdated:
        return
    endpoint, project = runtime.environment.endpoint, runtime.environment.project
    state = describe_endpoint(runtime, endpoint)
    used = {state.config, state.target} if state else set()
    used |= {champion.config, champion.previous_config or ""}
    kept: list[str] = []
    for release in champion.outdated:
        config, model = (job_name(project, release, part) for part in ("config", "model"))
        if config in used:
            kept.append(release)
            continue
        remove_config(runtime, config)
        removed.append(config)
        remove_model(runtime, model)
        removed.append(model)
    runtime.ledger.put_outdated(endpoint, champion.release_id, kept)
