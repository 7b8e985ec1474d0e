"""Read the true status of the job that a row waits for."""

from collections.abc import Callable, Mapping

from lambdas.endpoint_rollback import settle_rollback
from lambdas.jobs import JOBS
from lambdas.runtime import Runtime
from lambdas.undoing import settle_stopped
from lambdas.verdict import Verdict
from lambdas.waiter_rows import Waiter
from modelwharf.contracts.jobs import ROLLBACK, STOPPED, JobType

SETTLEMENTS: Mapping[JobType, Callable[[Runtime, Waiter], Verdict]] = {
    **{kind: job.settle for kind, job in JOBS.items()},
    ROLLBACK: settle_rollback,
    STOPPED: settle_stopped,
}


def settle(runtime: Runtime, waiter: Waiter) -> Verdict:
    return SETTLEMENTS[waiter.kind](runtime, waiter)
