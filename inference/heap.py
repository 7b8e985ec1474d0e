"""The C library's heap, where its defaults are not a server's.

What is here does nothing where the C library is not glibc.
"""

import ctypes
from collections.abc import Callable

from inference.memory import MIB

# glibc raises both while it runs, as far as here, whenever something larger is freed; it no longer
# does once it is told one of them. DEFAULT_MMAP_THRESHOLD_MAX of mallopt(3), and twice that.
MAPPED = 32 * MIB  # bytes from which on an allocation is a mapping of its own
TRIMMED = 2 * MAPPED  # free bytes at the heap's end from which on they are given back
MAPPINGS = 65536  # of its own, at the most: the default
PIECE = 16 * MIB  # that is written to before somebody is asked whether it is enough

# Of malloc.h.
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


def share_one_heap() -> None:
    """Let all threads take memory from the main thread's heap. To be called before any begins.

    A thread's own would grow a page or two at a time, with a system call each: 4,000 of them while
    a forest is loaded, a tenth of its start. And what one of several heaps has free, the others do
    not use.
    """
    library = _glibc()
    if library is not None:
        library.mallopt(_M_ARENA_MAX, 1)
        library.mallopt(_M_MMAP_THRESHOLD, MAPPED)
        library.mallopt(_M_TRIM_THRESHOLD, TRIMMED)


def take_ahead(size: int, enough: Callable[[], bool]) -> None:
    """Make so many bytes of the heap ready for what will soon be allocated, in small pieces.

    The kernel gives a page when it is first written to, and that is half of what a session of
    30,000 pages costs. Here they are asked for without the interpreter's lock, while a thread
    imports modules; what is not there by the time that ``enough`` is true is left. ``give_back``
    returns what is not used.
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


def give_back() -> None:
    """Return freed memory to the kernel. The C library keeps it otherwise: after a forest of
    350 MiB, all of it.
    """
    library = _glibc()
    if library is not None:
        library.mallopt(_M_TRIM_THRESHOLD, TRIMMED)
        library.malloc_trim(0)
