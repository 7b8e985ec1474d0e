"""The endpoint's way back to what served before a release touched it.

One step at a time: each call reads the true status and does what it asks for, so the same
function serves the state, the endpoint's events, the sweep, and every retry of them.
"""

import json

from contracts.model import Contract
from contracts.release import Rollback
from lambdas.endpoint import IN_SERVICE, EndpointState, describe_endpoint, update_endpoint
from lambdas.endpoint_rows import EndpointChange
from lambdas.errors import DeploymentFailed, EndpointBusy
from lambdas.removal import remove_config, remove_endpoint, remove_model
from lambdas.site import Site
from lambdas.verdict import Failed, Running, Succeeded, Verdict, failed
from lambdas.waiter_rows import Kind, Waiter

UNTOUCHED = "untouched"  # the release never came to the endpoint
KEPT = "kept"  # it serves something else than the release's configuration
RESTORED = "restored"  # it went back to the previous configuration
PROMOTED = "promoted"  # a stopped release was verified and promoted before: it serves on
DELETED = "deleted"  # the release had created it; nothing served before


class RollbackContext(Contract):
    """What a roll back has done so far."""

    stopped: tuple[str, ...] = ()

    @classmethod
    def of(cls, waiter: Waiter) -> "RollbackContext":
        """A stopped release's context says more, which is of no interest here."""
        return cls(stopped=json.loads(waiter.context).get("stopped", ()))


def settle_rollback(site: Site, waiter: Waiter) -> Verdict:
    """Take the next step back. ``waiter.submitted`` says that the way back was asked for."""
    change = site.ledger.endpoint_change(waiter.release_id)
    if change is None:
        return _finish(site, waiter, None, UNTOUCHED, serving=None)
    champion = site.ledger.champion(change.endpoint)
    if waiter.kind is Kind.STOPPED and champion and champion.release_id == waiter.release_id:
        return _finish(site, waiter, None, PROMOTED, serving=change.config)
    state = describe_endpoint(site, change.endpoint)
    if state is None or state.status == "Deleting":
        return _finish(site, waiter, change, DELETED, serving=None)
    if state.in_transition:
        return Running()
    if state.status == IN_SERVICE and state.config != change.config:
        outcome = RESTORED if waiter.submitted else KEPT
        return _finish(site, waiter, change, outcome, serving=state.config)
    if change.previous_config is None:
        remove_endpoint(site, change.endpoint)
        return _finish(site, waiter, change, DELETED, serving=None)
    return _go_back(site, waiter, change, state, change.previous_config)


def _go_back(
    site: Site, waiter: Waiter, change: EndpointChange, state: EndpointState, previous: str
) -> Verdict:
    if state.status == "Failed" or waiter.submitted:
        return _no_way_back(change, state, previous)
    try:
        update_endpoint(site, change.endpoint, previous)
    except EndpointBusy:
        return Running()
    site.ledger.mark_submitted(waiter, change.endpoint)
    return Running()


def _no_way_back(change: EndpointChange, state: EndpointState, previous: str) -> Failed:
    """SageMaker can do nothing with a Failed endpoint but delete it (DescribeEndpoint)."""
    name = change.endpoint
    to_previous = f"--endpoint-name {name} --endpoint-config-name {previous}"
    by_hand = f"aws sagemaker update-endpoint {to_previous}"
    if state.status == "Failed":
        by_hand = (
            f"aws sagemaker delete-endpoint --endpoint-name {name} && "
            f"aws sagemaker wait endpoint-deleted --endpoint-name {name} && "
            f"aws sagemaker create-endpoint {to_previous}"
        )
    return failed(
        DeploymentFailed(
            f"endpoint {name!r} is {state.status} with configuration {state.config!r} and did not "
            f"go back to {previous!r}: {state.reason or 'SageMaker gave no reason'}. "
            f"By hand: {by_hand}"
        )
    )


def _finish(
    site: Site,
    waiter: Waiter,
    change: EndpointChange | None,
    outcome: str,
    *,
    serving: str | None,
) -> Succeeded:
    """Remove what the release left behind, and let the next one deploy."""
    endpoint = site.environment.endpoint
    if change is not None:
        remove_config(site, change.config)
        remove_model(site, change.model)
        site.ledger.dethrone(endpoint, waiter.release_id)
    site.ledger.release_lease(endpoint, waiter.release_id)
    done = RollbackContext.of(waiter)
    return Succeeded(
        output=Rollback(stopped=done.stopped, endpoint=outcome, serving_config=serving)
    )
