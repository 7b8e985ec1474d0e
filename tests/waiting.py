"""Waiting for what the cloud does in the background."""

import subprocess
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

DEADLINE = 60.0  # seconds a test waits before it gives up
POLL = 0.02  # seconds, at first
SLOWEST_POLL = 0.2  # seconds
SHARE = 0.05  # of the time waited so far: who waits long asks less often


def until(
    condition: Callable[[], T | None], what: str = "the condition", *, seconds: float = DEADLINE
) -> T:
    """What the condition gives once it gives something true; a failure names what never came."""
    start = time.monotonic()
    while (waited := time.monotonic() - start) < seconds:
        found = condition()
        if found:
            return found
        time.sleep(min(max(POLL, waited * SHARE), SLOWEST_POLL))
    raise AssertionError(f"{what} did not come true within {seconds:g} s")


def has_ended(pid: int) -> bool:
    """Whether a process runs no more, also when nobody has waited for it yet."""
    state = subprocess.run(
        ["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return state.stdout.strip()[:1] in ("", "Z")
