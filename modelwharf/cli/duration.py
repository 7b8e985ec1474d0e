"""Durations in words."""

from datetime import datetime


def between(start: datetime, end: datetime) -> str:
    """Return the time from start to end, never below 0: the clocks of two machines may differ."""
    return seconds_in_words(max(0.0, (end - start).total_seconds()))


def seconds_in_words(seconds: float) -> str:
    """Return ``4.2 s``, ``3 min 20 s`` or ``2 h 05 min``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"
