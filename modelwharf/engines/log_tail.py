"""The last output of a program, as the reason when the program wrote none."""

import re
from collections.abc import Sequence

LINE = 400  # characters of one line at most: a progress bar or a dump must not hide the others
UNREADABLE = re.compile("[\ufffd\x00-\x08\x0b-\x1f\x7f]+")  # not UTF-8, or not text


def log_tail(lines: Sequence[str], limit: int) -> str:
    """The last lines that fit into ``limit`` characters. A long line keeps its end."""
    found: list[str] = []
    for line in reversed(lines):
        text = readable(line)
        if not text:
            continue
        limit -= len(text) + 1
        if limit < 0 and found:
            break
        found.append(text)
    return "\n".join(reversed(found))


def readable(line: str) -> str:
    """The last state of a line that overwrites itself, such as a progress bar."""
    line = line.rstrip("\r\n").rpartition("\r")[2]
    text = UNREADABLE.sub("\ufffd", line).rstrip()
    return text if len(text) <= LINE else f"…{text[1 - LINE :]}"
