"""What came of a wish for a release: a release, or a reason why there is none."""

from collections.abc import Callable
from dataclasses import dataclass

from cli.errors import Trouble
from cli.release import RUNNING, SUCCEEDED, describe, recent_executions, trigger_of
from cli.services import Services
from cli.serving import serving_now
from cli.stack import Stack
from cli.waits import Skip, recent_skips
from contracts.model import Contract
from contracts.release import Trigger

INTERVAL = 0.5  # seconds between looks
DEADLINE = 30.0  # seconds; a cold Lambda behind SNS answers in a few
SECOND_DEADLINE = 8.0  # seconds


class Arrival(Contract):
    """``release`` when one started or was there already; ``skipped`` says why not."""

    release: str | None = None
    skipped: str | None = None
    already: bool = False
    status: str | None = None
    """Of a release that was there already: RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED."""
    commit: str | None = None
    """What a release that was there already is of."""
    serving: str | None = None
    """The release that serves in the place of one that was there already, of another commit."""

    @property
    def failed(self) -> bool:
        """Whether the release was there already and ended without success."""
        return self.status not in {None, RUNNING, SUCCEEDED}

    @property
    def serves_not(self) -> bool:
        """Whether the release was there already and another one serves."""
        return self.status == SUCCEEDED and self.serving is not None

    @property
    def is_known(self) -> bool:
        return self.release is not None or self.skipped is not None


@dataclass(frozen=True)
class Watch:
    """What was there before the wish, so that what came of it can be told apart."""

    services: Services
    stack: Stack
    executions: frozenset[str]
    skips: frozenset[str]

    def arrival(
        self,
        started: Callable[[Trigger], bool],
        skipped: Callable[[Skip], bool],
        deadline: float = DEADLINE,
    ) -> Arrival:
        """Wait for the release or the skip that the wish led to, at most ``deadline`` seconds.

        A release that matches may have been there before the wish. Then a new one comes
        soon, because something else of its ingredients is new, or not at all.
        """
        before = earlier_release(self.services, self.stack, started)
        if before.is_known:
            deadline = min(deadline, SECOND_DEADLINE)
        for _ in range(int(deadline / INTERVAL)):
            found = self._look(started, skipped)
            if found.skipped and (before.failed or before.serves_not):
                return before  # nothing was started, and what was there is not what serves
            if found.is_known:
                return found
            self.services.sleep(INTERVAL)
        return before

    def _look(self, started: Callable[[Trigger], bool], skipped: Callable[[Skip], bool]) -> Arrival:
        for execution in recent_executions(self.services, self.stack):
            name = execution["name"]
            if name not in self.executions and _matches(self.services, self.stack, name, started):
                return Arrival(release=name)
        for skip in recent_skips(self.services, self.stack):
            if skip.key not in self.skips and skipped(skip):
                return Arrival(skipped=skip.reason)
        return Arrival()


def watch(services: Services, stack: Stack) -> Watch:
    """Look at what there is now; call it before voicing the wish."""
    return Watch(
        services,
        stack,
        frozenset(one["name"] for one in recent_executions(services, stack)),
        frozenset(skip.key for skip in recent_skips(services, stack)),
    )


def earlier_release(
    services: Services, stack: Stack, started: Callable[[Trigger], bool]
) -> Arrival:
    """Return the newest release that matches, whenever it was started."""
    for execution in recent_executions(services, stack):
        trigger = _trigger(services, stack, execution["name"])
        if trigger is not None and started(trigger):
            return Arrival(
                release=execution["name"],
                already=True,
                status=execution["status"],
                commit=trigger.commit,
                serving=_instead_of(services, stack, trigger.commit),
            )
    return Arrival()


def _instead_of(services: Services, stack: Stack, commit: str) -> str | None:
    """The release that serves, when it is of another commit.

    One of the same commit, with newer data say, is what its push led to as well.
    """
    serving = serving_now(services, stack.endpoint).release
    if serving is None:
        return None
    try:
        trigger = _trigger(services, stack, serving)
    except Trouble:  # Step Functions forgets an execution after 90 days
        return serving
    return None if trigger is not None and trigger.commit == commit else serving


def _trigger(services: Services, stack: Stack, release: str) -> Trigger | None:
    return trigger_of(describe(services, stack, release))


def _matches(
    services: Services, stack: Stack, release: str, started: Callable[[Trigger], bool]
) -> bool:
    trigger = _trigger(services, stack, release)
    return trigger is not None and started(trigger)
