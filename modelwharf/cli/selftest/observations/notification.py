"""Notifications reach people through the encrypted topic."""

from modelwharf.cli.selftest.evidence import Evidence
from modelwharf.cli.selftest.observation import Observation
from modelwharf.contracts.selftest import Observed

OBSERVATION = Observation(
    "notification", "the encrypted topic delivers how the release ended, with its id"
)


def observe(evidence: Evidence) -> Observed:
    if not evidence.status or evidence.status == "RUNNING":
        return OBSERVATION.unseen("the release did not end")
    about = [
        text for text in evidence.notifications if evidence.release and evidence.release in text
    ]
    if not about:
        return OBSERVATION.differs(
            f"none of {len(evidence.notifications)} messages that came names the release"
        )
    return OBSERVATION.same(about[-1].splitlines()[0])
