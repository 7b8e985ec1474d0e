"""Deploy: under the endpoint's lease, make it serve the release's model."""

from contracts.release import DeploymentResult
from contracts.task import WaitingTask
from lambdas.document import planned, required
from lambdas.endpoint import (
    config_name,
    create_config,
    create_model,
    describe_endpoint,
    endpoint_job,
    model_name,
    refuse_if_busy,
    submit_deployment,
)
from lambdas.entry import entry
from lambdas.ledger import EndpointChange, Kind
from lambdas.site import Site
from lambdas.waiting import new_waiter, wait

STATE = "Deploy"
AFTER_DEPLOY = 2 * 60 * 60  # seconds that verify, promote or a way back may need the lease


def deploy_model(site: Site, task: WaitingTask) -> None:
    """Answer when the endpoint serves, or why it does not. Raises EndpointBusy: try again."""
    document = task.release
    plan = planned(document)
    now = site.now()
    until = now + plan.timeouts.deploy + AFTER_DEPLOY
    site.ledger.take_lease(site.environment.endpoint, task.release_id, now=now, until=until)
    change = plan_change(site, task)
    create_model(
        site,
        document,
        plan,
        required(document.images, "images").inference,
        required(document.training, "training"),
    )
    create_config(site, document, plan)
    waiter = new_waiter(
        site,
        task,
        kind=Kind.ENDPOINT,
        state=STATE,
        job=endpoint_job(change.endpoint, change.config),
        subject=change.endpoint,
        context=DeploymentResult.model_validate(change.model_dump()),
    )
    wait(site, waiter, lambda: submit_deployment(site, document, change))


def plan_change(site: Site, task: WaitingTask) -> EndpointChange:
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
            previous_config=None if state is None else state.config,
        ),
    )


@entry(WaitingTask)
def handler(task: WaitingTask, site: Site) -> None:
    deploy_model(site, task)
