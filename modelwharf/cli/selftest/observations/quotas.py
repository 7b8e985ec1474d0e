"""Resolve may read the account's quotas."""

from modelwharf.cli.selftest.evidence import Evidence
from modelwharf.cli.selftest.observation import Observation
from modelwharf.contracts.selftest import Observed

OBSERVATION = Observation("quotas", "Resolve finds the account's quotas by their names")


def observe(evidence: Evidence) -> Observed:
    plan = evidence.document.plan if evidence.document else None
    if plan is None:
        return OBSERVATION.unseen("Resolve made no plan")
    if not plan.quotas:
        return OBSERVATION.differs("; ".join(plan.notices) or "it found none")
    return OBSERVATION.same(", ".join(f"{one.name} {one.value:g}" for one in plan.quotas))
