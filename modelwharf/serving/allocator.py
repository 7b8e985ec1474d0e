"""Settings of the C library's memory allocator, whose defaults do not suit a server.

These functions do nothing when the C library is not glibc.
"""

import ctypes
from collections.abc import Callable

from modelwharf.serving.memory import MIB

# glibc raises both thresholds at run time, up to these values, whenever a larger block is freed. It
# stops once one of them is set. DEFAULT_MMAP_THRESHOLD_MAX of mallopt(3), and twice that.
MAPPED = 32 * MIB  # bytes; a larger allocation gets its own mapping
TRIMMED = 2 * MAPPED  # bytes free at the heap's end; more are returned
MAPPINGS = 65536  # limit on the number of mappings: the default
PIECE = 16 * MIB  # written between two calls of ``enough``

# From malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_MMAP_MAX = -4
_M_ARENA_MAX = -8


def _glibc() -> ctypes.CDLL | None:
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallopt"):
        return None
    library.malloc.argtypes = [ctypes.c_size_t]
    library.malloc.restype = ctypes.c_void_p
    library.free.argtypes = [ctypes.c_void_p]
    return library


def use_one_arena() -> None:
    """Let all threads allocate from the main thread's arena. Call it before any thread starts.

    A thread's own arena grows a page or two at a time, with a system call each: 4,000 calls while a
    forest is loaded, a tenth of its start. Free memory in one arena is also not used by the others.
    """
    library = _glibc()
    if library is not None:
        library.mallopt(_M_ARENA_MAX, 1)
        library.mallopt(_M_MMAP_THRESHOLD, MAPPED)
        library.mallopt(_M_TRIM_THRESHOLD, TRIMMED)


def prefault(size: int, enough: Callable[[], bool]) -> None:
    """Prefault ``size`` bytes of the heap in small pieces, for allocations that follow soon.

    The kernel provides a page at its first write, which is half the cost of a session of 30,000
    pages. This function touches the pages without the GIL while a thread imports modules. It stops
    when ``enough`` returns true. ``release_memory`` returns what is not used.
    """
    library = _glibc()
    if library is None or not size:
        return
    library.mallopt(_M_TRIM_THRESHOLD, size + TRIMMED)
    library.mallopt(_M_MMAP_MAX, 0)
    whole = library.malloc(size)
    library.mallopt(_M_MMAP_MAX, MAPPINGS)
    if whole is None:
        return
    for start in range(0, size, PIECE):
        if enough():
            break
        ctypes.memset(whole + start, 0, min(PIECE, size - start))
    library.free(whole)


def release_memory() -> None:
    """Return freed memory to the kernel. The C library keeps it otherwise: after a forest of 350
    MiB, it keeps all of it.
    """
    library = _glibc()
    if library is not None:
        library.mallopt(_M_TRIM_THRESHOLD, TRIMMED)
        library.malloc_trim(0)
