"""Which lines of a failed build's log tell why it failed."""

import re
from collections.abc import Sequence

TOLD = 25  # lines; a builder's own account of a failed step is about as long
OWN = "[Container] "
"""How CodeBuild begins what it says itself."""
FAILED = "Command did not exit successfully"
RULE = "------"
STEP = re.compile(r" > \S")
"""BuildKit repeats a failed step between two rules: ` > [2/5] RUN …`, then its last lines."""
PROGRESS = re.compile(r"#\d+ (?:sha256:[0-9a-f]{64}|CACHED|DONE [\d.]+s|transferring )")
"""What the older BuildKit, Docker 20.10's, says of steps that went well: it tells nothing."""


def telling(messages: Sequence[str]) -> list[str]:
    """The last lines that the first failed command wrote, or the log's own when none failed.

    What CodeBuild says after it, and the next phase's commands, would stand in their place.
    """
    written = _of_failed_command(messages)
    lines = [line for line in written if not PROGRESS.match(line)] or written
    start = _account(lines)
    return lines[start:][-TOLD:] if start is not None else lines[-TOLD:]


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
    """Where BuildKit's account begins; None when it repeats nothing, as before 0.11."""
    for index in range(len(lines) - 2, 0, -1):
        if lines[index - 1] == RULE and STEP.match(lines[index]):
            return index if lines[index + 1] != RULE else None
    return None
