"""Follows a release until it ends."""

from collections.abc import Callable

from modelwharf.cli.release import Release, read_release
from modelwharf.cli.services import Services
from modelwharf.cli.stack import Stack

INTERVAL = 1.0  # seconds between two polls


def follow(
    services: Services, stack: Stack, release: str, seen: Callable[[Release], None]
) -> Release:
    """Pass the release to ``seen`` at every poll, and return it when it is over."""
    while True:
        view = read_release(services, stack, release)
        seen(view)
        if view.is_over:
            return view
        services.sleep(INTERVAL)
