"""Kill a function before or after any call that it makes, then let it be called again."""

import dataclasses
import threading
from collections.abc import Callable, Iterator
from typing import Any

from lambdas.clients import Clients
from lambdas.ledger import Ledger
from lambdas.runtime import Runtime
from tests.unit.lambdas.conftest import World


class Killed(BaseException):
    """The process ended in the middle."""


class Fuse:
    """Burns one call at a time; the last one kills, before or after the call took effect."""

    def __init__(self, calls: int, *, after: bool) -> None:
        self.calls = calls
        self.after = after
        self._lock = threading.Lock()

    def run(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        with self._lock:  # a function may call from several threads
            self.calls -= 1
            number = self.calls
        if number < 0 or (number == 0 and not self.after):
            raise Killed
        try:
            return call(*args, **kwargs)
        finally:
            if number == 0:  # also when the call's answer is an error
                raise Killed


class Mortal:
    """A client whose every call burns the fuse."""

    def __init__(self, target: Any, fuse: Fuse) -> None:
        self._target = target
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._target, name)
        return lambda *args, **kwargs: self._fuse.run(method, *args, **kwargs)


def mortal_site(world: World, fuse: Fuse) -> Runtime:
    services = world.services
    table: Any = Mortal(world.table, fuse)
    return dataclasses.replace(
        world.runtime,
        ledger=Ledger(table),
        clients=Clients(lambda name: Mortal(services[name], fuse)),
    )


def killed_everywhere(world: World, run: Callable[[Runtime], object]) -> Iterator[str]:
    """Run once for every place to die; the caller resets and checks after each.

    Yields the place. Ends when a run came through alive.
    """
    for calls in range(1, 100):
        for after in (False, True):
            fuse = Fuse(calls, after=after)
            try:
                run(mortal_site(world, fuse))
            except Killed:
                yield f"{'after' if after else 'before'} call {calls}"
            else:
                assert fuse.calls > 0, "it went on after it was killed"
                return
    raise AssertionError("the function never ends")
