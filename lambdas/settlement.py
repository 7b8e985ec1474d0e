"""One door to the true status of whatever a row waits for."""

from collections.abc import Callable, Mapping

from lambdas.approval import settle_approval
from lambdas.build import settle_build
from lambdas.endpoint import settle_endpoint
from lambdas.processing_job import settle_processing
from lambdas.restoration import settle_rollback
from lambdas.site import Site
from lambdas.training_job import settle_training
from lambdas.undoing import settle_stopped
from lambdas.verdict import Verdict
from lambdas.waiter_rows import Kind, Waiter

SETTLEMENTS: Mapping[Kind, Callable[[Site, Waiter], Verdict]] = {
    Kind.BUILD: settle_build,
    Kind.PROCESSING: settle_processing,
    Kind.TRAINING: settle_training,
    Kind.APPROVAL: settle_approval,
    Kind.ENDPOINT: settle_endpoint,
    Kind.ROLLBACK: settle_rollback,
    Kind.STOPPED: settle_stopped,
}


def settle(site: Site, waiter: Waiter) -> Verdict:
    return SETTLEMENTS[waiter.kind](site, waiter)
