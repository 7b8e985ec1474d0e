"""What the functions do with each kind of job; ``contracts/jobs.py`` describes the kinds."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lambdas.clients import Clients
from lambdas.runtime import Runtime
from lambdas.verdict import Verdict
from lambdas.waiter_rows import Waiter
from modelwharf.contracts.jobs import JobType

Detail = Mapping[str, Any]
"""An EventBridge event's ``detail``."""


def waiters_of_subject(runtime: Runtime, kind: JobType, detail: Detail) -> Iterable[Waiter]:
    """Return all waiters for the job that the event names."""
    return runtime.ledger.waiters(kind.key(detail[kind.event.subject]))


def nothing_more(runtime: Runtime, waiter: Waiter) -> None:
    """Do nothing: a stopped job of this kind leaves nothing else to give back."""


@dataclass(frozen=True, kw_only=True)
class JobOperations:
    """One kind of job: a state's function submits it, other functions settle or stop it."""

    type: JobType
    settle: Callable[[Runtime, Waiter], Verdict]
    """Read the job's true status."""
    waiters: Callable[[Runtime, JobType, Detail], Iterable[Waiter]] = waiters_of_subject
    """Return all waiters that an event of the kind concerns."""
    stop: Callable[[Clients, str], object] | None = None
    """Stop the job of that subject; None: there is nothing to stop."""
    shared: bool = False
    """Whether several releases may wait for one job, which then runs on for the others."""
    close_late: Callable[[Runtime, Waiter], None] = nothing_more
    """Give back what a function took for a release that was undone before it wrote its row."""
