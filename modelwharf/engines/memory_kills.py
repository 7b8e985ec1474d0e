"""How often this machine's kernel has killed a process because memory ran out.

Podman does not say that a container was killed for lack of memory, and a process has no engine that
could. The kernel counts its kills, including those at a container's own limit (``oom_kill`` of
/proc/vmstat, since Linux 4.13). If the count did not change, memory was not the reason.
"""

from pathlib import Path

VMSTAT = Path("/proc/vmstat")


def memory_kills(vmstat: Path = VMSTAT) -> int | None:
    """Return the count since this machine started; None if the kernel does not report it."""
    try:
        lines = vmstat.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), None)


def killed_meanwhile(before: int | None, now: int | None) -> bool:
    """Whether the kernel killed a process for lack of memory between two counts; no count: no."""
    return before is not None and now is not None and now > before
