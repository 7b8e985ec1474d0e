"""RollBack: stop what still runs, and bring the endpoint back to what served before.

The model package is left as it is: the registry records what was trained and who let it go
on, not what serves. What serves is the champion, and that pointer never moved to it.
"""

from contracts.task import WaitingTask
from lambdas.endpoint import config_name, endpoint_job
from lambdas.entry import entry
from lambdas.restoration import RollbackContext
from lambdas.site import Site
from lambdas.stopping import stop_jobs
from lambdas.waiter_rows import Kind
from lambdas.waiting import answer_if_over, new_waiter

STATE = "RollBack"


def roll_back(site: Site, task: WaitingTask) -> None:
    """Answer when nothing of the release runs and the endpoint serves what it did before."""
    stopped = stop_jobs(site, task.release_id)
    endpoint = site.environment.endpoint
    waiter = new_waiter(
        site,
        task,
        kind=Kind.ROLLBACK,
        state=STATE,
        job=endpoint_job(endpoint, config_name(task.release)),
        subject=endpoint,
        context=RollbackContext(stopped=stopped),
    )
    site.ledger.put_waiter(waiter)
    answer_if_over(site, waiter)


@entry(WaitingTask)
def handler(task: WaitingTask, site: Site) -> None:
    roll_back(site, task)
