"""The memory that is left for models."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

MIB = 1024 * 1024
# Memory for requests, besides the models: docs/decisions/0016 has the figures.
RESERVE = 256 * MIB
SMALL = 4  # at most this part (1/4) of a small container
CGROUP = Path("/sys/fs/cgroup")
PROC = Path("/proc")


@dataclass(frozen=True)
class Memory:
    """A memory limit in bytes, the bytes in use now, and who set the limit."""

    limit: int
    used: Callable[[], int]
    description: str

    def free(self) -> int:
        """Return the bytes that one more model may take; 0 when the limit is exceeded."""
        return max(0, self.limit - self.used())

    @classmethod
    def of(cls, limit_mib: int | None, *, cgroup: Path = CGROUP, proc: Path = PROC) -> Self:
        """Return the operator's limit on this process, else the container's, else the machine's.

        Each is reduced by the memory that is reserved for requests.
        """
        machine = _fields(proc / "meminfo", unit=1024)
        if limit_mib is not None:
            return cls(
                limit_mib * MIB, partial(_resident, proc), f"WHARF_MEMORY_LIMIT_MIB ({limit_mib})"
            )
        for kind in (_CGROUP_2, _CGROUP_1):
            limit = kind.limit(cgroup)
            if limit is not None and limit < machine["MemTotal"]:
                return cls._less_reserve("container", limit, partial(kind.used, cgroup))
        return cls._less_reserve("machine", machine["MemTotal"], partial(_unavailable, proc))

    @classmethod
    def _less_reserve(cls, whose: str, limit: int, used: Callable[[], int]) -> Self:
        reserve = min(RESERVE, limit // SMALL)
        text = f"the {whose}'s {limit // MIB} MiB less {reserve // MIB} for requests"
        return cls(limit - reserve, used, text)


@dataclass(frozen=True)
class _Cgroup:
    """The file names of a cgroup version, and its names for cached file pages."""

    limit_file: str
    used_file: str
    stat_file: str
    cached: tuple[str, str]

    def limit(self, cgroup: Path) -> int | None:
        try:
            text = (cgroup / self.limit_file).read_text().strip()
        except OSError:
            return None
        return int(text) if text.isdecimal() else None

    def used(self, cgroup: Path) -> int:
        """Return the bytes in use that the kernel cannot drop; it can drop cached files."""
        stat = _fields(cgroup / self.stat_file, unit=1)
        used = int((cgroup / self.used_file).read_text())
        return used - sum(stat[name] for name in self.cached)


_CGROUP_2 = _Cgroup("memory.max", "memory.current", "memory.stat", ("inactive_file", "active_file"))
_CGROUP_1 = _Cgroup(
    "memory/memory.limit_in_bytes",
    "memory/memory.usage_in_bytes",
    "memory/memory.stat",
    ("total_inactive_file", "total_active_file"),
)


def _fields(path: Path, *, unit: int) -> dict[str, int]:
    """Read the lines ``name value`` or ``name: value kB`` of a kernel file, in bytes."""
    lines = (line.split() for line in path.read_text().splitlines())
    return {words[0].rstrip(":"): int(words[1]) * unit for words in lines}


def _unavailable(proc: Path) -> int:
    machine = _fields(proc / "meminfo", unit=1024)
    return machine["MemTotal"] - machine["MemAvailable"]


def _resident(proc: Path) -> int:
    status = (proc / "self" / "status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024
