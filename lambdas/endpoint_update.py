"""The endpoint's creation or update as a job that a release waits for."""

from lambdas.endpoint import IN_SERVICE, EndpointState, describe_endpoint, log_of
from lambdas.errors import DeploymentFailed
from lambdas.job_operations import Detail, JobOperations
from lambdas.runtime import Runtime
from lambdas.submission import abandoned
from lambdas.verdict import Running, Succeeded, Verdict, failed
from lambdas.waiter_rows import Waiter
from modelwharf.contracts.jobs import ENDPOINT, JobType
from modelwharf.contracts.release import DeploymentResult


def settle_endpoint(runtime: Runtime, waiter: Waiter) -> Verdict:
    """Read back which configuration serves: a silent rollback by SageMaker is a failure."""
    wanted = DeploymentResult.model_validate_json(waiter.context)
    state = describe_endpoint(runtime, wanted.endpoint)
    if state is None:
        if abandoned(runtime, waiter) or waiter.submitted:
            return failed(DeploymentFailed(f"there is no endpoint {wanted.endpoint!r}"))
        return Running()
    if state.in_transition:
        return Running()
    if state.serves(wanted.config):
        return Succeeded(output=wanted)
    if state.status == IN_SERVICE and not (waiter.submitted or abandoned(runtime, waiter)):
        return Running()
    return failed(DeploymentFailed(_reason(wanted, state)))


def _reason(wanted: DeploymentResult, state: EndpointState) -> str:
    words = state.reason or "SageMaker gave no reason"
    if state.status == IN_SERVICE:
        return (
            f"endpoint {wanted.endpoint!r} serves configuration {state.config!r} instead of "
            f"{wanted.config!r}: {words}. {log_of(wanted.endpoint)}"
        )
    return f"endpoint {wanted.endpoint!r} is {state.status}: {words}. {log_of(wanted.endpoint)}"


def endpoint_waiters(runtime: Runtime, kind: JobType, detail: Detail) -> list[Waiter]:
    """Return all waiters for the endpoint, including rollbacks."""
    return runtime.ledger.endpoint_waiters(detail[kind.event.subject])


def give_back_lease(runtime: Runtime, waiter: Waiter) -> None:
    runtime.ledger.release_lease(waiter.subject, waiter.release_id)


OPERATIONS = JobOperations(
    type=ENDPOINT,
    settle=settle_endpoint,
    waiters=endpoint_waiters,
    close_late=give_back_lease,
)
