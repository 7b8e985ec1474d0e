"""The number of cores that this process may use."""

import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def cores(*, cgroup: Path = CGROUP, allowed: int | None = None) -> int:
    """Return the whole cores that the affinity and the container's quota leave, at least one.

    ``allowed``: cores that the affinity leaves; None asks the kernel.
    """
    if allowed is None:
        allowed = _affinity()
    quota = _quota_2(cgroup / "cpu.max") or _quota_1(cgroup / "cpu")
    return allowed if quota is None else max(1, min(allowed, int(quota)))


def _affinity() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quota_2(path: Path) -> float | None:
    """Parse ``max 100000`` or ``150000 100000``: microseconds of CPU time per period in
    microseconds.
    """
    try:
        quota, period = path.read_text().split()
    except (OSError, ValueError):
        return None
    return int(quota) / int(period) if quota.isdecimal() else None


def _quota_1(folder: Path) -> float | None:
    try:
        quota = int((folder / "cpu.cfs_quota_us").read_text())
        period = int((folder / "cpu.cfs_period_us").read_text())
    except (OSError, ValueError):
        return None
    return quota / period if quota > 0 else None
