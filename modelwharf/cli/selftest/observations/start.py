"""A pushed commit becomes a release."""

from modelwharf.cli.selftest.evidence import Evidence
from modelwharf.cli.selftest.observation import Observation
from modelwharf.contracts.selftest import Observed

OBSERVATION = Observation(
    "start", "a pushed commit starts one release: CodeCommit, SNS, function, Step Functions"
)


def observe(evidence: Evidence) -> Observed:
    if evidence.release is None:
        return OBSERVATION.differs(evidence.error or "no release started")
    return OBSERVATION.same(f"release {evidence.release} started")
