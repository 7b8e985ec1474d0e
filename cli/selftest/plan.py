"""Which promises are compared, in which order."""

from collections.abc import Sequence

from cli.selftest.evidence import Evidence
from cli.selftest.observation import Look
from cli.selftest.observations import (
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
from contracts.selftest import Observed

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
