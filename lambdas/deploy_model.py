"""Deploy: under the endpoint's lease, make it serve the release's model."""

from botocore.exceptions import ClientError

from contracts.release import DeploymentResult, Plan, ReleaseDocument
from contracts.task import WaitingTask
from lambdas.account_quotas import refuse_if_never
from lambdas.document import planned, required
from lambdas.endpoint import (
    EndpointState,
    config_name,
    create_config,
    create_model,
    describe_endpoint,
    endpoint_job,
    model_name,
    refuse_if_busy,
    submit_deployment,
)
from lambdas.endpoint_rows import EndpointChange
from lambdas.entry import entry
from lambdas.errors import Superseded
from lambdas.execution import RUNNING, status_of
from lambdas.log import logger
from lambdas.site import Site
from lambdas.submission import Submission
from lambdas.waiter_rows import Kind
from lambdas.waiting import new_waiter, wait

STATE = "Deploy"
AFTER_DEPLOY = 2 * 60 * 60  # seconds that verify, promote or a way back may need the lease


def deploy_model(site: Site, task: WaitingTask) -> None:
    """Answer when the endpoint serves, or why it does not.

    Raises EndpointBusy: try again; Superseded: a later release serves; QuotaTooSmall.
    """
    document = task.release
    plan = planned(document)
    over = hold_lease(site, task.release_id, seconds=plan.timeouts.deploy + AFTER_DEPLOY)
    refuse_if_superseded(site, document)
    change = plan_change(site, task, over)
    waiter = new_waiter(
        site,
        task,
        kind=Kind.ENDPOINT,
        state=STATE,
        job=endpoint_job(change.endpoint, change.config),
        subject=change.endpoint,
        context=DeploymentResult.model_validate(change.model_dump()),
    )
    try:
        wait(site, waiter, lambda: submit(site, document, plan, change))
    except ClientError as error:
        refuse_if_never(site, document, error)
        raise


def submit(site: Site, document: ReleaseDocument, plan: Plan, change: EndpointChange) -> Submission:
    """Make the model and the configuration, and ask the endpoint to serve them."""
    create_model(
        site,
        document,
        plan,
        required(document.images, "images").inference,
        required(document.model_package, "model_package"),
    )
    create_config(site, document, plan)
    return submit_deployment(site, document, change)


def hold_lease(site: Site, release: str, *, seconds: int) -> str:
    """Take the endpoint's lease; the release that left it behind unfinished, or "".

    Only a running execution has a claim to it: one that was stopped by hand, that timed out, or
    whose way back failed will never give it back.
    """
    endpoint, now = site.environment.endpoint, site.now()
    lease = site.ledger.lease(endpoint)
    over = ""
    if lease is not None and lease.owner == release:
        over = lease.over  # an earlier attempt of this state took it
    elif lease is not None and (lease.lease_until < now or status_of(site, lease.owner) != RUNNING):
        over = lease.owner
        logger.info("takes over the lease", owner=over)
    site.ledger.take_lease(endpoint, release, now=now, until=now + seconds, over=over)
    return over


def refuse_if_superseded(site: Site, document: ReleaseDocument) -> None:
    """Raise Superseded, without the lease, when the champion comes after it in the order of all."""
    endpoint = site.environment.endpoint
    champion = site.ledger.champion(endpoint)
    if champion is None or document.trigger.order >= champion.order:
        return
    site.ledger.release_lease(endpoint, document.release_id)
    raise Superseded(
        f"release {champion.release_id}, asked for later, serves already (number "
        f"{champion.order} in the order of releases, this one {document.trigger.order}); to deploy "
        f"this commit all the same: wharf start --commit {document.trigger.commit} --reason …"
    )


def plan_change(site: Site, task: WaitingTask, over: str) -> EndpointChange:
    """Write down what serves now, before anything is touched."""
    endpoint = site.environment.endpoint
    config = config_name(task.release)
    state = describe_endpoint(site, endpoint)
    refuse_if_busy(endpoint, state, config)
    return site.ledger.put_endpoint_change(
        task.release_id,
        EndpointChange(
            endpoint=endpoint,
            config=config,
            model=model_name(task.release),
            previous_config=None if state is None else config_to_go_back_to(site, state, over),
        ),
    )


def config_to_go_back_to(site: Site, state: EndpointState, over: str) -> str | None:
    """What serves; but never what an unfinished release left there, which nobody verified."""
    unfinished = site.ledger.endpoint_change(over) if over else None
    if unfinished is None or unfinished.config != state.config:
        return state.config
    champion = site.ledger.champion(unfinished.endpoint)
    if champion is not None and champion.release_id == over:
        return state.config
    return unfinished.previous_config


@entry(WaitingTask)
def handler(task: WaitingTask, site: Site) -> None:
    deploy_model(site, task)
