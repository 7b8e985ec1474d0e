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
ERROR = re.compile(
    r"(?i)\b(?:error|fatal|cannot|can't|denied|not found|no such|no space|unable)\b"
    r"|\w(?:Error|Exception)\b"
)
OF_A_BUILDER = re.compile(
    r"(?i)did not complete successfully|non-zero code|exit (?:code|status)|^(?:\S+ )*make.*: \*\*\*"
)
"""What a builder says of the command that failed, whatever that command said itself."""
PREFIX = re.compile(r"^(?:#\d+ )?(?:\d+\.\d+ )?\s*(?:(?:ERROR|error|fatal): ?)?")
"""BuildKit's step and seconds, and the word that says what everybody sees."""
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


def headline(lines: Sequence[str]) -> str:
    """The one line of those that tell why that says the most; "" of none.

    It is the last error that the command itself told, or what it wrote last.
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
    """Where BuildKit's account begins; None when it repeats nothing, as before 0.11."""
    for index in range(len(lines) - 2, 0, -1):
        if lines[index - 1] == RULE and STEP.match(lines[index]):
            return index if lines[index + 1] != RULE else None
    return None
