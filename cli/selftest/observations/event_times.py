"""Events resume a release; the sweep only makes good for lost ones."""

from cli.selftest.evidence import Evidence
from cli.selftest.observation import Observation
from contracts.selftest import Observed

LONGEST = 60  # seconds; the sweep comes each minute, and looks at what is a minute overdue
OBSERVATION = Observation(
    "event-times", f"a state ends within {LONGEST} s of its job: its event resumed the release"
)


def look(evidence: Evidence) -> Observed:
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
