"""Exit codes in words: 128 + n is the end by signal n, as containers and shells report it."""

import signal

BY_SIGNAL = 128
# Signals from a fault of the program itself; the system's name for them helps.
FAULTS = {
    signal.SIGABRT: "aborted",
    signal.SIGBUS: "bus error",
    signal.SIGFPE: "arithmetic error",
    signal.SIGILL: "illegal instruction: built for another processor?",
    signal.SIGSEGV: "segmentation fault",
}


def signal_in_words(code: int | None) -> str | None:
    """Return ``SIGSEGV (segmentation fault)`` for 139; None for an end without a signal."""
    try:
        found = signal.Signals((code or 0) - BY_SIGNAL)
    except ValueError:
        return None
    return f"{found.name} ({FAULTS[found]})" if found in FAULTS else found.name


def in_words(code: int | None) -> str:
    """Return for example ``exit code 137 (SIGKILL)``."""
    name = signal_in_words(code)
    return f"exit code {code} ({name.partition(' ')[0]})" if name else f"exit code {code}"
