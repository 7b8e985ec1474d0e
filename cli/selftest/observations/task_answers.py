"""The function that resumes a release may answer its tokens."""

from cli.selftest.evidence import Evidence
from cli.selftest.observation import Observation
from cli.selftest.states import WAITING
from contracts.selftest import Observed

OBSERVATION = Observation(
    "task-answers",
    "states:SendTaskSuccess and SendTaskFailure are allowed by a grant on the machine's ARN",
)


def look(evidence: Evidence) -> Observed:
    if evidence.denials:
        return OBSERVATION.differs(evidence.denials[0])
    answered = [state for state in WAITING if evidence.ended(state)]
    if not answered:
        return OBSERVATION.unseen("no state that waits for a token has ended")
    return OBSERVATION.same(f"answered: {', '.join(answered)}; no AccessDenied in the log")
