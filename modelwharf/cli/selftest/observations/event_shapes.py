"""Services' events have the fields that the rules and resume-release read."""

from modelwharf.cli.selftest.evidence import Evidence
from modelwharf.cli.selftest.observation import Observation
from modelwharf.contracts.jobs import APPROVAL, EVENTS
from modelwharf.contracts.selftest import Observed

# A selftest makes no decision on a model package: its event is left out.
READ: dict[str, tuple[str, tuple[str, ...]]] = {
    event.detail_type: (event.source, event.fields) for event in EVENTS if event != APPROVAL.event
}
"""``detail-type`` → its source, and the keys read from its detail."""

OBSERVATION = Observation(
    "event-shapes",
    "; ".join(f"{kind}: {', '.join(keys)}" for kind, (_, keys) in READ.items()),
)


def observe(evidence: Evidence) -> Observed:
    found = {event["detail-type"]: event for event in evidence.events}
    wrong = [
        f"{kind} of {event['source']} without {', '.join(missing) or 'its source'}"
        for kind, (source, keys) in READ.items()
        if (event := found.get(kind)) is not None
        and (
            (missing := [key for key in keys if key not in event["detail"]])
            or event["source"] != source
        )
    ]
    if wrong:
        return OBSERVATION.differs("; ".join(wrong))
    never = READ.keys() - found.keys()
    if never:
        return OBSERVATION.unseen(f"no event came of: {', '.join(sorted(never))}")
    return OBSERVATION.same("every kind of event, with these keys")
