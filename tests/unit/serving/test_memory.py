from pathlib import Path

import pytest

from modelwharf.serving.memory import MIB, Memory

GIB = 1024 * MIB


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A machine of 16 GiB of which 12 are available, and a process of 80 MiB."""
    folder = tmp_path / "proc"
    (folder / "self").mkdir(parents=True)
    (folder / "meminfo").write_text(
        f"MemTotal:       {16 * GIB // 1024} kB\nMemFree: 1 kB\n"
        f"MemAvailable:   {12 * GIB // 1024} kB\nHugePages_Total:       0\n"
    )
    (folder / "self" / "status").write_text(f"Name:\tpython\nVmRSS:\t  {80 * 1024} kB\n")
    return folder


@pytest.fixture
def cgroup(tmp_path: Path) -> Path:
    folder = tmp_path / "cgroup"
    (folder / "memory").mkdir(parents=True)
    return folder


def second_version(cgroup: Path, limit: str) -> None:
    (cgroup / "memory.max").write_text(f"{limit}\n")
    (cgroup / "memory.current").write_text(f"{900 * MIB}\n")
    (cgroup / "memory.stat").write_text(
        f"anon {300 * MIB}\nfile {600 * MIB}\ninactive_file {500 * MIB}\nactive_file {100 * MIB}\n"
    )


def first_version(cgroup: Path, limit: int) -> None:
    memory = cgroup / "memory"
    (memory / "memory.limit_in_bytes").write_text(f"{limit}\n")
    (memory / "memory.usage_in_bytes").write_text(f"{900 * MIB}\n")
    (memory / "memory.stat").write_text(
        f"inactive_file 0\nactive_file 0\n"
        f"total_inactive_file {400 * MIB}\ntotal_active_file {100 * MIB}\n"
    )


def test_a_containers_limit_counts_and_cached_files_do_not(cgroup: Path, proc: Path) -> None:
    second_version(cgroup, str(2 * GIB))
    memory = Memory.of(None, cgroup=cgroup, proc=proc)
    assert (memory.limit, memory.used()) == (2 * GIB - 256 * MIB, 300 * MIB)
    assert memory.free() == (2048 - 256 - 300) * MIB
    assert memory.description == "the container's 2048 MiB less 256 for requests"


def test_the_first_version_of_cgroups_is_read_as_well(cgroup: Path, proc: Path) -> None:
    first_version(cgroup, 4 * GIB)
    memory = Memory.of(None, cgroup=cgroup, proc=proc)
    assert (memory.limit, memory.used()) == (4 * GIB - 256 * MIB, 400 * MIB)


def test_a_container_without_a_limit_has_the_machines(cgroup: Path, proc: Path) -> None:
    second_version(cgroup, "max")
    first_version(cgroup, 9223372036854771712)  # what the kernel writes for none
    memory = Memory.of(None, cgroup=cgroup, proc=proc)
    assert (memory.limit, memory.used()) == (16 * GIB - 256 * MIB, 4 * GIB)
    assert memory.description.startswith("the machine's 16384 MiB")


def test_a_small_container_keeps_a_quarter_for_requests(cgroup: Path, proc: Path) -> None:
    second_version(cgroup, str(512 * MIB))
    assert Memory.of(None, cgroup=cgroup, proc=proc).limit == 384 * MIB


def test_the_operators_limit_is_on_the_process_and_wins(cgroup: Path, proc: Path) -> None:
    second_version(cgroup, str(2 * GIB))
    memory = Memory.of(500, cgroup=cgroup, proc=proc)
    assert (memory.limit, memory.used()) == (500 * MIB, 80 * MIB)
    assert memory.description == "WHARF_MEMORY_LIMIT_MIB (500)"


def test_nothing_is_free_when_more_than_the_limit_is_in_use(cgroup: Path, proc: Path) -> None:
    assert Memory.of(10, cgroup=cgroup, proc=proc).free() == 0


def test_this_machine_and_process_have_memory_of_their_own() -> None:
    machine, process = Memory.of(None), Memory.of(10_000)
    assert 0 < machine.used() < machine.limit
    assert 0 < process.used() < process.limit
