"""The endpoint answers like the trained model."""

import json

from modelwharf.cli.selftest.evidence import Answer, Evidence
from modelwharf.cli.selftest.observation import Observation
from modelwharf.contracts.selftest import Observed

EXPECTED = Answer(body='{"sum": 3.0}', content_type="application/json", variant="champion")
OBSERVATION = Observation(
    "answer",
    f'{{"add": 1}} is answered by {EXPECTED.body}, {EXPECTED.content_type}, from variant '
    f"{EXPECTED.variant}",
)


def observe(evidence: Evidence) -> Observed:
    found = evidence.answer
    if found is None:
        return OBSERVATION.unseen("nothing was asked: the release did not succeed")
    words = f"{found.body[:200]}, {found.content_type}, from variant {found.variant}"
    try:
        body = json.loads(found.body)
    except ValueError:
        return OBSERVATION.differs(words)
    same = (body, found.content_type, found.variant) == (
        json.loads(EXPECTED.body),
        EXPECTED.content_type,
        EXPECTED.variant,
    )
    return OBSERVATION.same(words) if same else OBSERVATION.differs(words)
