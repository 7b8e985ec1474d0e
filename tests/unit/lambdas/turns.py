"""Functions that run at once, one call to a service at a time, in the order that a test chooses."""

import dataclasses
import threading
from collections.abc import Callable
from typing import Any

from lambdas.clients import Clients
from lambdas.ledger import Ledger
from lambdas.runtime import Runtime
from tests.unit.lambdas.conftest import World
from tests.unit.lambdas.kills import Killed
from tests.waiting import HUNG


class Run:
    """One run of a function, which stands still before each call until ``step`` is called."""

    def __init__(self, world: World, function: Callable[[Runtime], object]) -> None:
        self.ended = False
        self.failure: BaseException | None = None
        self._killed = False
        self._stands = threading.Semaphore(0)
        self._may_go = threading.Semaphore(0)
        table: Any = _Stepped(world.table, self)
        runtime = dataclasses.replace(
            world.runtime,
            ledger=Ledger(table),
            clients=Clients(lambda name: _Stepped(world.services[name], self)),
        )
        self._thread = threading.Thread(target=self._work, args=(function, runtime), daemon=True)
        self._thread.start()
        self._wait()

    def step(self) -> None:
        """Let it make one call, and come to the next or to its end."""
        if not self.ended:
            self._may_go.release()
            self._wait()

    def kill(self) -> None:
        """End it before its next call."""
        self._killed = True
        self.step()

    def finish(self) -> None:
        while not self.ended:
            self.step()

    def call(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self._stands.release()
        self._may_go.acquire()
        if self._killed:
            raise Killed
        return method(*args, **kwargs)

    def _wait(self) -> None:
        assert self._stands.acquire(timeout=HUNG), "the function makes no call, and ends not"

    def _work(self, function: Callable[[Runtime], object], runtime: Runtime) -> None:
        try:
            function(runtime)
        except BaseException as error:  # the test looks at it
            self.failure = error
        self.ended = True
        self._stands.release()


class _Stepped:
    def __init__(self, target: Any, run: Run) -> None:
        self._target = target
        self._run = run

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._target, name)
        return lambda *args, **kwargs: self._run.call(method, *args, **kwargs)
