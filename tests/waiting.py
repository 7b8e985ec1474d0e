"""Waiting for what the cloud does in the background.

How long something takes is nothing that a test judges: a deadline is there for what hangs.
"""

import os
import subprocess
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

DEADLINE = 60.0  # seconds after which a test gives up on a machine that does nothing else
HUNG = 300.0  # seconds that a call which blocks never takes on the busiest machine
POLL = 0.02  # seconds, at first
SLOWEST_POLL = 0.2  # seconds
SHARE = 0.05  # of the time waited so far: who waits long asks less often


def patience(seconds: float = DEADLINE) -> float:
    """As many times longer as there are programs that want one of the machine's processors."""
    return seconds * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def until(
    condition: Callable[[], T | None], what: str = "the condition", *, seconds: float = DEADLINE
) -> T:
    """What the condition gives once it gives something true; a failure names what never came.

    ``seconds``: what a machine that does nothing else may take; a busy one has longer.
    """
    start = time.monotonic()
    while (waited := time.monotonic() - start) < seconds or waited < patience(seconds):
        found = condition()
        if found:
            return found
        time.sleep(min(max(POLL, waited * SHARE), SLOWEST_POLL))
    raise AssertionError(f"{what} did not come true within {waited:.0f} s")


def has_ended(pid: int) -> bool:
    """Whether a process has ended, also when no one has waited for it yet."""
    state = subprocess.run(
        ["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return state.stdout.strip()[:1] in ("", "Z")
