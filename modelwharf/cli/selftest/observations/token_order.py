"""A token is issued before it is answered."""

from modelwharf.cli.selftest.evidence import Evidence
from modelwharf.cli.selftest.observation import Observation
from modelwharf.cli.selftest.states import WAITING
from modelwharf.contracts.selftest import Observed

BEGINNING = ["TaskScheduled", "TaskStarted"]
ORDERS = (
    [*BEGINNING, "TaskSubmitted", "TaskSucceeded"],
    # The function answered before it returned, for example for an existing image.
    [*BEGINNING, "TaskSucceeded"],
    [*BEGINNING, "TaskSucceeded", "TaskSubmitted"],
)
OBSERVATION = Observation(
    "token-order", "each state that waits has the events " + ", ".join(ORDERS[0])
)


def observe(evidence: Evidence) -> Observed:
    seen = {state: evidence.task_types(state) for state in WAITING if evidence.ended(state)}
    if not seen:
        return OBSERVATION.unseen("no state that waits for a token has ended")
    other = {state: types for state, types in seen.items() if types not in ORDERS}
    if other:
        return OBSERVATION.differs(
            "; ".join(f"{state}: {', '.join(types)}" for state, types in other.items())
        )
    return OBSERVATION.same(f"in {', '.join(seen)}")
