"""The promises that are compared, in order."""

from collections.abc import Sequence

from modelwharf.cli.selftest.evidence import Evidence
from modelwharf.cli.selftest.observation import Observe
from modelwharf.cli.selftest.observations import (
    answer,
    event_shapes,
    event_times,
    notification,
    path,
    quotas,
    refusals,
    start,
    task_answers,
    token_order,
)
from modelwharf.contracts.selftest import Observed

OBSERVATIONS: Sequence[Observe] = (
    start.observe,
    quotas.observe,
    task_answers.observe,
    token_order.observe,
    event_times.observe,
    event_shapes.observe,
    path.observe,
    notification.observe,
    answer.observe,
    refusals.observe,
)


def compare(evidence: Evidence) -> tuple[Observed, ...]:
    return tuple(observe(evidence) for observe in OBSERVATIONS)
