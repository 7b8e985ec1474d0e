"""Why a program did not start, told apart by what engines, kernels and shells say of it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

NOT_FOUND = 127  # a shell's exit code, and an engine's, for a program that is not there
NOT_EXECUTABLE = 126


@dataclass(frozen=True)
class StartFault:
    """``seen`` in a few words, and the line to change."""

    seen: str
    change: str


def start_fault(word: str, code: int | None, lines: Sequence[str]) -> StartFault | None:
    """What kept ``word`` (``train`` or ``serve``) from starting; None when it did start.

    ``code`` None means that the engine refused to start it, and ``lines`` are its words.
    """
    if code not in (None, NOT_FOUND, NOT_EXECUTABLE):
        return None
    text = "\n".join(lines)
    if re.search(r"exec format error", text, re.IGNORECASE):
        return StartFault(
            f"exec format error: {word} is neither a program for this platform nor a script that "
            "says what runs it",
            "build for the platform (docker build --platform linux/amd64), and begin a script "
            "with its interpreter, such as #!/usr/bin/env python",
        )
    if re.search(r"permission denied", text, re.IGNORECASE) or code == NOT_EXECUTABLE:
        return StartFault(
            f"permission denied: {word} is there but not executable",
            f"in the Dockerfile: COPY --chmod=755 {word} /usr/local/bin/{word}",
        )
    if re.search(r"no such file or directory|not found in|not found", text, re.IGNORECASE) or (
        code == NOT_FOUND
    ):
        return StartFault(
            f"not found: no {word} on the image's PATH, or the interpreter that its first line "
            "names is not in the image (or that line ends with a carriage return)",
            f"in the Dockerfile: COPY --chmod=755 {word} /usr/local/bin/{word}, or "
            f'ENTRYPOINT ["python", "/opt/program/main.py"], which then gets the word {word}',
        )
    return StartFault(
        f"the engine could not start {word}", "look at the engine's words, and the ENTRYPOINT"
    )
