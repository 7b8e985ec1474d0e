"""The promises that are compared, in order."""

from collections.abc import Sequence

from modelwharf.cli.selftest.evidence import Evidence
from modelwharf.cli.selftest.observation import Look
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

OBSERVATIONS: Sequence[Look] = (
    start.look,
    quotas.look,
    task_answers.look,
    token_order.look,
    event_times.look,
    event_shapes.look,
    path.look,
    notification.look,
    answer.look,
    refusals.look,
)


def compare(evidence: Evidence) -> tuple[Observed, ...]:
    return tuple(look(evidence) for look in OBSERVATIONS)
