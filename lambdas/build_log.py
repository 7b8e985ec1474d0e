"""Select the lines of a failed build's log that tell why it failed."""

import re
from collections.abc import Sequence

LINES_SHOWN = 25  # lines; a builder reports a failed step in about as many
OWN = "[Container] "
"""The prefix of CodeBuild's own lines."""
FAILED = "Command did not exit successfully"
RULE = "------"
STEP = re.compile(r" > \S")
"""BuildKit repeats a failed step between two rules: ` > [2/5] RUN …`, then its last lines."""
ERROR = re.compile(
    r"(?i)\b(?:error|fatal|cannot|can't|denied|not found|no such|no space|unable)\b"
    r"|\w(?:Error|Exception)\b"
)
OF_A_BUILDER = re.compile(
    r"(?i)did not complete successfully|non-zero code|exit (?:code|status)|^(?:\S+ )*make.*: \*\*\*"
)
"""A builder's own line about the failed command, not that command's output."""
PREFIX = re.compile(r"^(?:#\d+ )?(?:\d+\.\d+ )?\s*(?:(?:ERROR|error|fatal): ?)?")
"""BuildKit's step number and seconds, and a word that carries no information."""
PROGRESS = re.compile(r"#\d+ (?:sha256:[0-9a-f]{64}|CACHED|DONE [\d.]+s|transferring )")
"""The lines of the older BuildKit (Docker 20.10) about steps that succeeded."""


def lines_of_failure(messages: Sequence[str]) -> list[str]:
    """Return the last lines of the first failed command, or of the whole log when none failed.

    The lines after it, CodeBuild's own and those of later phases, would hide them.
    """
    written = _of_failed_command(messages)
    lines = [line for line in written if not PROGRESS.match(line)] or written
    start = _account(lines)
    return lines[start:][-LINES_SHOWN:] if start is not None else lines[-LINES_SHOWN:]


def headline(lines: Sequence[str]) -> str:
    """Return the most informative of those lines; "" without any.

    It is the last error line of the command itself, or else the last line that it wrote.
    """
    own = [line for line in lines if line.strip(" -") and not OF_A_BUILDER.search(line)]
    errors = [line for line in own if ERROR.search(line)]
    return PREFIX.sub("", (errors or own or [""])[-1]).strip()


def _of_failed_command(messages: Sequence[str]) -> list[str]:
    written: list[str] = []
    for message in messages:
        if not message.startswith(OWN):
            written += [line.rstrip() for line in message.splitlines() if line.strip()]
        elif FAILED in message:
            break
        elif written and "Running command" in message:
            written = []
    return written or [
        line for message in messages for line in message.splitlines() if line.strip()
    ]


def _account(lines: Sequence[str]) -> int | None:
    """Return the index where BuildKit's report begins; None without one, as before 0.11."""
    for index in range(len(lines) - 2, 0, -1):
        if lines[index - 1] == RULE and STEP.match(lines[index]):
            return index if lines[index + 1] != RULE else None
    return None
