"""Deploy: make the endpoint serve the release's model, while holding the endpoint's lease."""

from botocore.exceptions import ClientError

from lambdas.account_quotas import refuse_if_quota_too_small
from lambdas.endpoint import (
    EndpointState,
    config_name,
    create_config,
    create_model,
    describe_endpoint,
    model_name,
    refuse_if_busy,
    submit_deployment,
)
from lambdas.endpoint_rows import EndpointChange
from lambdas.entry import entry
from lambdas.errors import Superseded
from lambdas.execution import RUNNING, status_of
from lambdas.log import logger
from lambdas.runtime import Runtime
from lambdas.submission import Submission
from lambdas.waiting import new_waiter, wait
from modelwharf.contracts.jobs import ENDPOINT
from modelwharf.contracts.release import DeploymentResult, Plan, ReleaseDocument
from modelwharf.contracts.stages import RegisteredRelease
from modelwharf.contracts.states import DEPLOY
from modelwharf.contracts.task import WaitingTask

AFTER_DEPLOY = 2 * 60 * 60  # seconds that verify, promote or a rollback may need the lease


def deploy_model(runtime: Runtime, task: WaitingTask[RegisteredRelease]) -> None:
    """Answer when the endpoint serves, or with the reason why it does not.

    Raises EndpointBusy: try again; Superseded: a later release serves; QuotaTooSmall.
    """
    document = task.release
    plan = document.plan
    over = hold_lease(runtime, task.release_id, seconds=plan.timeouts.deploy + AFTER_DEPLOY)
    refuse_if_superseded(runtime, document)
    change = plan_change(runtime, task, over)
    waiter = new_waiter(
        runtime,
        task,
        kind=ENDPOINT,
        state=DEPLOY.name,
        job=ENDPOINT.key(change.endpoint, change.config),
        subject=change.endpoint,
        context=DeploymentResult.model_validate(change.model_dump()),
    )
    try:
        wait(runtime, waiter, lambda: submit(runtime, document, plan, change))
    except ClientError as error:
        refuse_if_quota_too_small(runtime, document, error)
        raise


def submit(
    runtime: Runtime, document: RegisteredRelease, plan: Plan, change: EndpointChange
) -> Submission:
    """Create the model and the configuration, and update the endpoint to them."""
    create_model(runtime, document, plan, document.images.inference, document.model_package)
    create_config(runtime, document, plan)
    return submit_deployment(runtime, document, change)


def hold_lease(runtime: Runtime, release: str, *, seconds: int) -> str:
    """Take the endpoint's lease; return the release that left it unfinished, or "".

    Only a running execution may keep the lease. An execution that was stopped by hand, timed out,
    or failed to roll back never gives it back.
    """
    endpoint, now = runtime.environment.endpoint, runtime.now()
    lease = runtime.ledger.lease(endpoint)
    over = ""
    if lease is not None and lease.owner == release:
        over = lease.over  # an earlier attempt of this state took it
    elif lease is not None and (
        lease.lease_until < now or status_of(runtime, lease.owner) != RUNNING
    ):
        over = lease.owner
        logger.info("takes over the lease", owner=over)
    runtime.ledger.take_lease(endpoint, release, now=now, until=now + seconds, over=over)
    return over


def refuse_if_superseded(runtime: Runtime, document: ReleaseDocument) -> None:
    """Give the lease back and raise Superseded when the champion is later in the order."""
    endpoint = runtime.environment.endpoint
    champion = runtime.ledger.champion(endpoint)
    if champion is None or document.trigger.order >= champion.order:
        return
    runtime.ledger.release_lease(endpoint, document.release_id)
    raise Superseded(
        f"release {champion.release_id}, asked for later, serves already (number "
        f"{champion.order} in the order of releases, this one {document.trigger.order}); to deploy "
        f"this commit all the same: wharf start --commit {document.trigger.commit} --reason …"
    )


def plan_change(
    runtime: Runtime, task: WaitingTask[RegisteredRelease], over: str
) -> EndpointChange:
    """Store what serves now, before anything is changed."""
    endpoint = runtime.environment.endpoint
    config = config_name(task.release)
    state = describe_endpoint(runtime, endpoint)
    refuse_if_busy(endpoint, state, config)
    return runtime.ledger.put_endpoint_change(
        task.release_id,
        EndpointChange(
            endpoint=endpoint,
            config=config,
            model=model_name(task.release),
            previous_config=None if state is None else config_to_go_back_to(runtime, state, over),
        ),
    )


def config_to_go_back_to(runtime: Runtime, state: EndpointState, over: str) -> str | None:
    """Return the configuration that serves.

    A configuration that an unfinished release left there was never verified, so the one before it
    is returned instead.
    """
    unfinished = runtime.ledger.endpoint_change(over) if over else None
    if unfinished is None or unfinished.config != state.config:
        return state.config
    champion = runtime.ledger.champion(unfinished.endpoint)
    if champion is not None and champion.release_id == over:
        return state.config
    return unfinished.previous_config


@entry(WaitingTask[RegisteredRelease])
def handler(task: WaitingTask[RegisteredRelease], runtime: Runtime) -> None:
    deploy_model(runtime, task)
