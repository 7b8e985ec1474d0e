"""The start of the laptop's cloud, with a cached template: ``make bench-start``.

CPU seconds depend less than wall seconds on what else the machine does. Linux only: the cloud
outlives `wharf up`, so its CPU seconds are read from /proc.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

WHARF = Path(sys.executable).with_name("wharf")
LIMIT = 180  # seconds
DONT_WRITE = "PYTHONDONTWRITEBYTECODE"  # with it, each process compiles the whole package


@dataclass(frozen=True)
class Start:
    """The seconds of one start, until `wharf up` returns."""

    wall: float
    command: float
    """CPU seconds of `wharf up`."""
    cloud: float
    """CPU seconds of the cloud."""
    cpu: float
    """CPU seconds of both."""


def measure() -> Start:
    """Start a new cloud, and stop it. Raises CalledProcessError, TimeoutExpired."""
    with tempfile.TemporaryDirectory() as folder:
        options = ["--directory", str(Path(folder) / "cloud")]
        before, begin = _children(), time.monotonic()
        printed = _wharf("up", "--engine", "process", "--json", *options)
        wall, command = time.monotonic() - begin, _children() - before
        cloud = _cpu_of(json.loads(printed)["pid"])
        _wharf("down", *options)
    return Start(wall, command, cloud, command + cloud)


def medians(starts: Sequence[Start]) -> Start:
    """The median of each figure."""
    return Start(*(statistics.median(column) for column in zip(*map(astuple, starts), strict=True)))


def row(name: str, start: Start) -> str:
    """One line of the table."""
    return f"{name:8}" + "".join(f"{value:9.2f}" for value in astuple(start))


def _wharf(*words: str) -> bytes:
    environment = {name: value for name, value in os.environ.items() if name != DONT_WRITE}
    answer = subprocess.run(
        [WHARF, *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=LIMIT,
        check=True,
    )
    return answer.stdout


def _children() -> float:
    """CPU seconds of this process's ended children."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _cpu_of(pid: int) -> float:
    """CPU seconds of a process and its ended children: proc_pid_stat(5), fields 14 to 17."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, after_name[11:15])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Print each start and the medians. The first start fills the caches and does not count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=5)
    count = parser.parse_args().starts
    measure()
    print(f"{'seconds':8}" + "".join(f"{field.name:>9}" for field in fields(Start)))
    starts = []
    for number in range(1, count + 1):
        starts.append(measure())
        print(row(str(number), starts[-1]), flush=True)
    print(row("median", medians(starts)))


if __name__ == "__main__":
    main()
