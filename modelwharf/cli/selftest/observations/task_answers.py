"""The function that resumes a release may answer its tokens."""

import re

from modelwharf.cli.selftest.evidence import Evidence
from modelwharf.cli.selftest.observation import Observation
from modelwharf.cli.selftest.states import WAITING
from modelwharf.contracts.selftest import Observed

# Finds the sentence in a log line, which holds the whole traceback as JSON.
SENTENCE = re.compile(r"An error occurred \(AccessDenied[^\"\\]*")
OBSERVATION = Observation(
    "task-answers",
    "states:SendTaskSuccess and SendTaskFailure are allowed by a grant on the machine's ARN",
)


def observe(evidence: Evidence) -> Observed:
    if evidence.denials:
        sentence = SENTENCE.search(evidence.denials[0])
        return OBSERVATION.differs(sentence[0] if sentence else evidence.denials[0][:300])
    answered = [state for state in WAITING if evidence.ended(state)]
    if not answered:
        return OBSERVATION.unseen("no state that waits for a token has ended")
    return OBSERVATION.same(f"answered: {', '.join(answered)}; no AccessDenied in the log")
