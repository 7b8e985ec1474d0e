"""Services refuse wrong calls with the messages that the functions expect."""

from modelwharf.cli.selftest.evidence import Evidence
from modelwharf.cli.selftest.observation import Observation
from modelwharf.cli.selftest.wrong_calls import DENIED, WRONG_CALLS
from modelwharf.contracts.selftest import Observed

OBSERVATION = Observation(
    "refusals",
    "; ".join(f"{call.name}: {call.in_words()}" for call in WRONG_CALLS),
)


def observe(evidence: Evidence) -> Observed:
    other, unseen = [], []
    for call in WRONG_CALLS:
        refusal = evidence.refusals.get(call.name)
        if refusal is None or refusal.code in DENIED:
            unseen.append(call.name)
        elif not call.is_refused_so(refusal):
            other.append(f"{call.name}: {refusal.code or 'accepted'} {refusal.words}".rstrip())
    if other:
        return OBSERVATION.differs("; ".join(other))
    if unseen:
        return OBSERVATION.unseen(f"not made, or denied: {', '.join(unseen)}")
    return OBSERVATION.same(f"all {len(WRONG_CALLS)}")
