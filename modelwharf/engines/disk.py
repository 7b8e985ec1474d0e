"""The message for a full disk, wherever it is found."""

import errno
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT)


def is_full(error: OSError) -> bool:
    return error.errno in FULL


def in_words(error: OSError, place: Path) -> str:
    """Describe the error; for a full disk also say which one, and what to type."""
    if not is_full(error):
        return str(error)
    words = error.strerror or "no space left on device"
    return (
        f"no space left on the disk of {place} or of the container engine ({words}). See what "
        "fills it with `df -h` and `docker system df`, free some (`docker system prune` removes "
        "what no container uses), then start the release again"
    )
