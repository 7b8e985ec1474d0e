"""A release watched until it ends."""

from collections.abc import Callable

from cli.release import Release, read_release
from cli.services import Services
from cli.stack import Stack

INTERVAL = 1.0  # seconds between looks


def follow(
    services: Services, stack: Stack, release: str, seen: Callable[[Release], None]
) -> Release:
    """Hand every look at the release to ``seen``; return it when it is over."""
    while True:
        view = read_release(services, stack, release)
        seen(view)
        if view.is_over:
            return view
        services.sleep(INTERVAL)
