"""Memory that is taken ahead, and given back. Each in a process of its own."""

import subprocess
import sys

from tests.unit.serving.servers import ROOT

BEGIN = """
import ctypes, resource, threading
from pathlib import Path
from modelwharf.serving.allocator import release_memory, use_one_arena, prefault
from modelwharf.serving.memory import MIB

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // MIB

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]

def use(pieces):
    kept = [libc.malloc(1000) for _ in range(pieces)]
    for piece in kept:
        ctypes.memset(piece, 1, 1000)
    return kept

use_one_arena()
before = resident()
"""


def run(program: str) -> list[int]:
    command = [sys.executable, "-c", BEGIN + program]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [int(word) for word in ran.stdout.split()]


def test_what_was_taken_ahead_is_there_when_it_is_needed_and_back_when_it_is_not() -> None:
    ahead, used, back = run("""
prefault(100 * MIB, lambda: False)
print(resident() - before)
begun = faults()
use(50_000)
print(faults() - begun)
release_memory()
print(resident() - before)
""")
    assert 95 <= ahead <= 105
    assert used < 3_000  # 50 MB are 12,000 pages
    assert 45 <= back <= 65


def test_no_more_is_taken_once_it_is_enough() -> None:
    taken, used = run("""
answers = iter([False, False, True])
prefault(100 * MIB, lambda: next(answers))
print(resident() - before)
use(100_000)
print(resident() - before)
""")
    assert 30 <= taken <= 36
    assert 95 <= used <= 110  # and no page that is not used


def test_what_one_thread_has_freed_another_uses() -> None:
    (grown,) = run("""
def free(pieces):
    for piece in pieces:
        libc.free(piece)

free(use(50_000))
thread = threading.Thread(target=use, args=(50_000,))
thread.start()
thread.join()
print(resident() - before)
""")
    assert grown < 70  # twice 50 MB, if each had an arena of its own


def test_to_take_nothing_ahead_takes_nothing() -> None:
    assert run("prefault(0, lambda: False)\nrelease_memory()\nprint(resident() - before)")[0] < 5
