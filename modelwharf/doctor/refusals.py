"""Read from the messages of engines, inits and shells which program failed to start, and why.

An image's first process is often an init or a script, such as ``tini -- train``. Then the fault is
in the program that it executed, and its message names that program.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

NOT_FOUND = 127  # a shell's exit code, and an engine's, for a missing program
NOT_EXECUTABLE = 126


class Kind(Enum):
    """The reason that the messages give."""

    FORMAT = "exec format error"
    PERMISSION = "permission denied"
    MISSING = "not found"
    INTERPRETER = "bad interpreter"
    FOLDER = "is a directory"
    OTHER = "other"


@dataclass(frozen=True)
class Refusal:
    """A program that failed to start.

    ``program`` is the path or name as it was executed; None if the messages name none.
    """

    kind: Kind
    program: str | None = None
    interpreter: str | None = None


# In search order: the first texts contain words of the later ones.
REASONS = (
    (Kind.FORMAT, r"(?:cannot execute(?: binary file)?: )?exec format error"),
    (Kind.INTERPRETER, r"cannot execute: required file not found"),
    (Kind.MISSING, r"(?:command |executable file )?not found(?: in \$PATH)?"),
    (Kind.MISSING, r"no such file or directory(?: \(os error 2\))?"),
    (Kind.PERMISSION, r"permission denied(?: \(os error 13\))?"),
    (Kind.FOLDER, r"is a directory"),
)
# coreutils print a carriage return at the end of a name as '\\r' or as 'name'$'\\r'.
NAME = r"""[`'"‘“]?(?P<name>[^\s:`'"‘’“”]+\r?(?:'\$'\\r)?)[`'"’”]?"""
# bash: "/entry.sh: line 3: /opt/train: /usr/bin/python9: bad interpreter: No such file …"
BAD_INTERPRETER = re.compile(
    rf"(?:^|: |\] ){NAME}: (?P<interpreter>[^\s:]+): bad interpreter: ", re.IGNORECASE
)
# tini: "exec train failed: Permission denied"; coreutils: "failed to run command 'train': …";
# Docker: 'exec: "train": executable file not found in $PATH'; crun: "executable file `train`
# not found in $PATH"; shells: "train: not found"; dumb-init: "[dumb-init] train: No such file …";
# Python: "[Errno 13] Permission denied: '/usr/local/bin/train'"
FORMS = (
    r"exec {name} failed: {reason}",
    r"executable file {name} {reason}",
    r"(?:fork/exec|exec|failed to run command) {name}: {reason}",
    r"(?:^|[:\]=] ){name}: (?:stat [^:]+: )?{reason}",
    r"\[Errno \d+\] {reason}: {name}$",
)
WORDS = tuple(
    (kind, re.compile(form.format(name=NAME, reason=reason), re.IGNORECASE))
    for form in FORMS
    for kind, reason in REASONS
)
ENV = re.compile(r"^(?:/usr)?(?:/bin/)?env: ")


def refusal_in(lines: Sequence[str], code: int | None, command: Sequence[str]) -> Refusal | None:
    """Return what failed to start; None when all started. ``code`` None: the engine refused.

    ``command`` is the image's ENTRYPOINT with its argument. Exit codes other than a shell's are no
    sign of a refusal, with one exception: the only message is that a word of the command could not
    be executed. dumb-init then ends with 2, Docker and gosu with 1.
    """
    found = next((one for one in (_named(line, command) for line in reversed(lines)) if one), None)
    if code in (None, NOT_FOUND, NOT_EXECUTABLE):
        return found or Refusal(_kind(lines, code))
    return found if len(lines) == 1 and found and is_word(found.program, command) else None


def is_word(program: str | None, command: Sequence[str]) -> bool:
    """Whether a program is one of a command's words, perhaps by the path it was found at."""
    return program is not None and any(
        program == word or program.endswith(f"/{word}") for word in command
    )


def _named(line: str, command: Sequence[str]) -> Refusal | None:
    bad = BAD_INTERPRETER.search(line)
    if bad:
        return Refusal(Kind.INTERPRETER, bad["name"], bad["interpreter"])
    for kind, pattern in WORDS:
        match = pattern.search(line)
        if match is None:
            continue
        if ENV.search(line) and not is_word(match["name"], command):
            # A script's first line runs env, and env's argument is the missing program.
            return Refusal(Kind.INTERPRETER, None, match["name"])
        return Refusal(kind, match["name"])
    return None


def _kind(lines: Sequence[str], code: int | None) -> Kind:
    text = "\n".join(lines).lower()
    if "exec format error" in text:
        return Kind.FORMAT
    if "permission denied" in text or code == NOT_EXECUTABLE:
        return Kind.PERMISSION
    if "no such file" in text or "not found" in text or code == NOT_FOUND:
        return Kind.MISSING
    return Kind.OTHER
