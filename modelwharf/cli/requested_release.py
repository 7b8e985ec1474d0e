"""The result of a request for a release: a release, or the reason why there is none."""

from collections.abc import Callable
from dataclasses import dataclass

from modelwharf.artifact.contract import Contract
from modelwharf.cli.errors import CommandError
from modelwharf.cli.release import RUNNING, SUCCEEDED, describe, recent_executions, trigger_of
from modelwharf.cli.services import Services
from modelwharf.cli.serving import serving_now
from modelwharf.cli.stack import Stack
from modelwharf.cli.waits import Skip, recent_skips
from modelwharf.contracts.release import Trigger

INTERVAL = 0.5  # seconds between two polls
DEADLINE = 30.0  # seconds; a cold Lambda behind SNS needs a few
DEADLINE_AFTER_EARLIER = 8.0  # seconds, when an earlier release matches already


class RequestedRelease(Contract):
    """``release`` when one started or existed already; ``skipped`` says why not."""

    release: str | None = None
    skipped: str | None = None
    already: bool = False
    status: str | None = None
    """Status of a release that existed already: RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED."""
    commit: str | None = None
    """The commit of a release that existed already."""
    serving: str | None = None
    """The release of another commit that serves instead of the one that existed already."""

    @property
    def failed(self) -> bool:
        """Whether the release existed already and ended without success."""
        return self.status not in {None, RUNNING, SUCCEEDED}

    @property
    def another_serves(self) -> bool:
        """Whether the release existed already and another one serves."""
        return self.status == SUCCEEDED and self.serving is not None

    @property
    def is_known(self) -> bool:
        return self.release is not None or self.skipped is not None


@dataclass(frozen=True)
class Watch:
    """The state before the request, to tell its result from earlier releases."""

    services: Services
    stack: Stack
    executions: frozenset[str]
    skips: frozenset[str]

    def outcome(
        self,
        started: Callable[[Trigger], bool],
        skipped: Callable[[Skip], bool],
        deadline: float = DEADLINE,
    ) -> RequestedRelease:
        """Wait for the release or the skip that the request led to, at most ``deadline`` seconds.

        A matching release may have existed before the request. A new one then comes soon, because
        another of its ingredients is new, or not at all.
        """
        before = earlier_release(self.services, self.stack, started)
        if before.is_known:
            deadline = min(deadline, DEADLINE_AFTER_EARLIER)
        for _ in range(int(deadline / INTERVAL)):
            found = self._find(started, skipped)
            if found.skipped and (before.failed or before.another_serves):
                return before  # nothing was started, and the earlier release does not serve
            if found.is_known:
                return found
            self.services.sleep(INTERVAL)
        return before

    def _find(
        self, started: Callable[[Trigger], bool], skipped: Callable[[Skip], bool]
    ) -> RequestedRelease:
        for execution in recent_executions(self.services, self.stack):
            name = execution["name"]
            if name not in self.executions and _matches(self.services, self.stack, name, started):
                return RequestedRelease(release=name)
        for skip in recent_skips(self.services, self.stack):
            if skip.key not in self.skips and skipped(skip):
                return RequestedRelease(skipped=skip.reason)
        return RequestedRelease()


def watch(services: Services, stack: Stack) -> Watch:
    """Record the current state. Call it before the request."""
    return Watch(
        services,
        stack,
        frozenset(one["name"] for one in recent_executions(services, stack)),
        frozenset(skip.key for skip in recent_skips(services, stack)),
    )


def earlier_release(
    services: Services, stack: Stack, started: Callable[[Trigger], bool]
) -> RequestedRelease:
    """Return the newest release that matches, whenever it was started."""
    for execution in recent_executions(services, stack):
        trigger = _trigger(services, stack, execution["name"])
        if trigger is not None and started(trigger):
            return RequestedRelease(
                release=execution["name"],
                already=True,
                status=execution["status"],
                commit=trigger.commit,
                serving=_instead_of(services, stack, trigger.commit),
            )
    return RequestedRelease()


def _instead_of(services: Services, stack: Stack, commit: str) -> str | None:
    """Return the release that serves, if its commit is another one.

    A release of the same commit, for example with newer data, also follows from this push.
    """
    serving = serving_now(services, stack.endpoint).release
    if serving is None:
        return None
    try:
        trigger = _trigger(services, stack, serving)
    except CommandError:  # Step Functions forgets an execution after 90 days
        return serving
    return None if trigger is not None and trigger.commit == commit else serving


def _trigger(services: Services, stack: Stack, release: str) -> Trigger | None:
    return trigger_of(describe(services, stack, release))


def _matches(
    services: Services, stack: Stack, release: str, started: Callable[[Trigger], bool]
) -> bool:
    trigger = _trigger(services, stack, release)
    return trigger is not None and started(trigger)
