"""A disk that is full: what is said of it, wherever it is found."""

import errno
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT)


def is_full(error: OSError) -> bool:
    return error.errno in FULL


def in_words(error: OSError, place: Path) -> str:
    """What happened; of a full disk also which one, and what to type."""
    if not is_full(error):
        return str(error)
    words = error.strerror or "no space left on device"
    return (
        f"no space left on the disk of {place} or of the container engine ({words}). See what "
        "fills it with `df -h` and `docker system df`, free some (`docker system prune` removes "
        "what no container uses), then start the release again"
    )
