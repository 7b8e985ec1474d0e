"""RollBack: stop what still runs, and bring the endpoint back to what it served before.

The model package stays: the registry records what was trained and who approved it, not what serves.
The champion is what serves, and that pointer never moved to the package.
"""

from lambdas.endpoint import config_name
from lambdas.endpoint_rollback import RollbackContext
from lambdas.entry import entry
from lambdas.runtime import Runtime
from lambdas.stopping import stop_jobs
from lambdas.waiting import answer_if_over, new_waiter
from modelwharf.contracts.jobs import ENDPOINT, ROLLBACK
from modelwharf.contracts.release import ReleaseDocument
from modelwharf.contracts.states import ROLL_BACK
from modelwharf.contracts.task import WaitingTask


def roll_back(runtime: Runtime, task: WaitingTask[ReleaseDocument]) -> None:
    """Answer when the release runs nothing and the endpoint serves what it served before."""
    stopped = stop_jobs(runtime, task.release_id)
    endpoint = runtime.environment.endpoint
    waiter = new_waiter(
        runtime,
        task,
        kind=ROLLBACK,
        state=ROLL_BACK.name,
        job=ENDPOINT.key(endpoint, config_name(task.release)),
        subject=endpoint,
        context=RollbackContext(stopped=stopped),
    )
    runtime.ledger.put_waiter(waiter)
    answer_if_over(runtime, waiter)


@entry(WaitingTask[ReleaseDocument])
def handler(task: WaitingTask[ReleaseDocument], runtime: Runtime) -> None:
    roll_back(runtime, task)
