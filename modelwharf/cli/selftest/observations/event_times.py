"""Events resume a release; the sweep only replaces lost events."""

from modelwharf.cli.selftest.evidence import Evidence
from modelwharf.cli.selftest.observation import Observation
from modelwharf.contracts.selftest import Observed

LONGEST = 60  # seconds; the sweep runs each minute, for waits that are a minute overdue
OBSERVATION = Observation(
    "event-times", f"a state ends within {LONGEST} s of its job: its event resumed the release"
)


def observe(evidence: Evidence) -> Observed:
    delays = {
        state: (left - end).total_seconds()
        for state, end in evidence.job_ends.items()
        if (left := evidence.ended(state)) is not None
    }
    if not delays:
        return OBSERVATION.unseen("no state with a job has ended")
    words = ", ".join(f"{state} {delay:.0f} s" for state, delay in delays.items())
    if max(delays.values()) > LONGEST:
        return OBSERVATION.differs(f"{words} after its job")
    return OBSERVATION.same(f"{words} after its job")
