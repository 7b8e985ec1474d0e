"""The release passes its states in order."""

from modelwharf.cli.selftest.evidence import Evidence
from modelwharf.cli.selftest.observation import Observation
from modelwharf.cli.selftest.states import PATH
from modelwharf.contracts.selftest import Observed

OBSERVATION = Observation("path", "the release succeeds through " + ", ".join(PATH))


def observe(evidence: Evidence) -> Observed:
    if evidence.release is None:
        return OBSERVATION.unseen("no release started")
    went = [row.name for row in evidence.rows if row.name in PATH]
    if evidence.status == "SUCCEEDED" and went == list(PATH):
        return OBSERVATION.same("SUCCEEDED through all of them")
    reason = f": {evidence.error}" if evidence.error else ""
    return OBSERVATION.differs(f"{evidence.status} after {', '.join(went) or 'no state'}{reason}")
