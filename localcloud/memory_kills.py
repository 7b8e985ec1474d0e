"""How often this machine's kernel has killed a process for want of memory.

Podman does not say that memory was why a container was killed, and a process has no engine that
could. The kernel counts its kills, those at a container's own limit too (``oom_kill`` of
/proc/vmstat, since Linux 4.13): where the count did not change, memory was not why.
"""

from pathlib import Path

VMSTAT = Path("/proc/vmstat")


def memory_kills(vmstat: Path = VMSTAT) -> int | None:
    """The count since this machine started; None where no kernel tells it."""
    try:
        lines = vmstat.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), None)


def killed_meanwhile(before: int | None, now: int | None) -> bool:
    """Whether a process was killed for want of memory between two counts; no count: no."""
    return before is not None and now is not None and now > before
