"""Bring the endpoint back to what it served before a release changed it.

Each call reads the true status and takes one step. So the same function serves the state, the
endpoint's events, the sweep, and their retries.
"""

import json

from lambdas.endpoint import IN_SERVICE, EndpointState, describe_endpoint, update_endpoint
from lambdas.endpoint_rows import EndpointChange
from lambdas.errors import DeploymentFailed, EndpointBusy
from lambdas.removal import remove_config, remove_endpoint, remove_model
from lambdas.runtime import Runtime
from lambdas.verdict import Failed, Running, Succeeded, Verdict, failed
from lambdas.waiter_rows import Waiter
from modelwharf.artifact.contract import Contract
from modelwharf.contracts.rollback import EndpointOutcome, Rollback


class RollbackContext(Contract):
    """What a rollback has done so far."""

    stopped: tuple[str, ...] = ()

    @classmethod
    def of(cls, waiter: Waiter) -> "RollbackContext":
        """Read the part that a rollback needs; a stopped release's context holds more."""
        return cls(stopped=json.loads(waiter.context).get("stopped", ()))


def settle_rollback(runtime: Runtime, waiter: Waiter) -> Verdict:
    """Take the next step back. ``waiter.submitted`` says that the update back was requested."""
    change = runtime.ledger.endpoint_change(waiter.release_id)
    if change is None:
        return _finish(runtime, waiter, None, EndpointOutcome.UNTOUCHED, serving=None)
    champion = runtime.ledger.champion(change.endpoint)
    if not waiter.kind.answers and champion and champion.release_id == waiter.release_id:
        return _finish(runtime, waiter, None, EndpointOutcome.PROMOTED, serving=change.config)
    state = describe_endpoint(runtime, change.endpoint)
    if state is None or state.status == "Deleting":
        return _finish(runtime, waiter, change, EndpointOutcome.DELETED, serving=None)
    if state.in_transition:
        return Running()
    if state.status == IN_SERVICE and state.config != change.config:
        outcome = EndpointOutcome.RESTORED if waiter.submitted else EndpointOutcome.KEPT
        return _finish(runtime, waiter, change, outcome, serving=state.config)
    if change.previous_config is None:
        remove_endpoint(runtime, change.endpoint)
        return _finish(runtime, waiter, change, EndpointOutcome.DELETED, serving=None)
    return _go_back(runtime, waiter, change, state, change.previous_config)


def _go_back(
    runtime: Runtime, waiter: Waiter, change: EndpointChange, state: EndpointState, previous: str
) -> Verdict:
    if state.status == "Failed" or waiter.submitted:
        return _no_way_back(change, state, previous)
    try:
        update_endpoint(runtime, change.endpoint, previous)
    except EndpointBusy:
        return Running()
    runtime.ledger.mark_submitted(waiter, change.endpoint)
    return Running()


def _no_way_back(change: EndpointChange, state: EndpointState, previous: str) -> Failed:
    """Fail with the manual commands: a Failed endpoint can only be deleted (DescribeEndpoint)."""
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
    runtime: Runtime,
    waiter: Waiter,
    change: EndpointChange | None,
    outcome: EndpointOutcome,
    *,
    serving: str | None,
) -> Succeeded:
    """Remove what the release left behind, and give its lease back."""
    endpoint = runtime.environment.endpoint
    if change is not None:
        remove_config(runtime, change.config)
        remove_model(runtime, change.model)
        runtime.ledger.restore_previous_champion(endpoint, waiter.release_id)
    runtime.ledger.release_lease(endpoint, waiter.release_id)
    done = RollbackContext.of(waiter)
    return Succeeded(
        output=Rollback(stopped=done.stopped, endpoint=outcome, serving_config=serving)
    )
