"""The release goes through its states in their order."""

from cli.selftest.evidence import Evidence
from cli.selftest.observation import Observation
from cli.selftest.states import PATH
from contracts.selftest import Observed

OBSERVATION = Observation("path", "the release succeeds through " + ", ".join(PATH))


def look(evidence: Evidence) -> Observed:
    if evidence.release is None:
        return OBSERVATION.unseen("no release started")
    went = [row.name for row in evidence.rows if row.name in PATH]
    if evidence.status == "SUCCEEDED" and went == list(PATH):
        return OBSERVATION.same("SUCCEEDED through all of them")
    reason = f": {evidence.error}" if evidence.error else ""
    return OBSERVATION.differs(f"{evidence.status} after {', '.join(went) or 'no state'}{reason}")
