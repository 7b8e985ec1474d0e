"""Why a program did not start, told apart by what engines, kernels and shells say of it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from doctor.images import ReadyImage
from localcloud.engine import Engine, ImageMissing, Launch

NOT_FOUND = 127  # a shell's exit code, and an engine's, for a program that is not there
NOT_EXECUTABLE = 126
PATIENCE = 20.0  # seconds for a look into the image
# Docker starts the container first, and this is then all that it ever says.
REFUSED = re.compile(r"exec \S+: (exec format error|no such file or directory|permission denied)")
# Prints the place of $0 on PATH, and whether it is executable.
LOOK = (
    'case "$0" in /*) PATH=;; esac; IFS=:; for folder in $PATH ""; do '
    'file="${folder:+$folder/}$0"; '
    '[ -f "$file" ] || continue; [ -x "$file" ] && kind=executable || kind=plain; '
    'echo "$kind $file"; done'
)


class Kind(Enum):
    """What the engine's or the kernel's words come to."""

    FORMAT = "exec format error"
    PERMISSION = "permission denied"
    MISSING = "not found"
    OTHER = "other"


@dataclass(frozen=True)
class StartFault:
    """``seen`` in a few words, and the line to change."""

    seen: str
    change: str


@dataclass(frozen=True)
class Place:
    """Where a program lies in an image."""

    path: str
    executable: bool


def start_fault(
    image: ReadyImage,
    word: str,
    code: int | None,
    lines: Sequence[str],
    look: Callable[[str], Place | None],
) -> StartFault | None:
    """What kept the image from starting with ``word``, ``train`` or ``serve``; None if it did.

    ``code`` None means that the engine refused to start it, and ``lines`` are its words. Engines
    say "not found" of a program that is not there, of one that is not executable and of one
    whose interpreter is not there: ``look`` tells where it is, if the image has a shell to ask.
    """
    kind = _kind(code, lines)
    if kind is None:
        return None
    program = image.config.entrypoint[0] if image.config.entrypoint else word
    place = look(program) if kind in (Kind.MISSING, Kind.PERMISSION) else None
    if kind is Kind.FORMAT:
        return StartFault(
            f"exec format error: {program} is neither a program for this platform nor a script "
            "that says what runs it",
            "build for the platform (docker build --platform linux/amd64), and begin a script "
            "with its interpreter, such as #!/usr/bin/env python3",
        )
    if kind is Kind.PERMISSION or (place and not place.executable):
        path = place.path if place else program
        return StartFault(
            f"permission denied: {path} is there but not executable",
            f"in the Dockerfile: COPY --chmod=755 {Path(path).name} {path}",
        )
    if kind is Kind.MISSING:
        return _missing(program, place)
    return StartFault(
        f"the engine could not start {program}", "look at the engine's words, and the ENTRYPOINT"
    )


def _missing(program: str, place: Place | None) -> StartFault:
    if place:
        return StartFault(
            f"not found: {place.path} is there, but what its first line names is not",
            "name an interpreter that the image has, such as #!/usr/bin/env python3, in a line "
            "that ends without a carriage return (sed -i 's/\\r$//')",
        )
    name = Path(program).name
    return StartFault(
        f"not found: no {program} on the image's PATH",
        f"in the Dockerfile: COPY --chmod=755 {name} /usr/local/bin/{name}, or an ENTRYPOINT such "
        'as ["python", "/opt/program/main.py"], which gets the word train or serve',
    )


def _kind(code: int | None, lines: Sequence[str]) -> Kind | None:
    text = "\n".join(lines).lower()
    refused = len(lines) == 1 and REFUSED.search(text)
    if code not in (None, NOT_FOUND, NOT_EXECUTABLE) and not refused:
        return None
    if "exec format error" in text:
        return Kind.FORMAT
    if "permission denied" in text or code == NOT_EXECUTABLE:
        return Kind.PERMISSION
    if "no such file" in text or "not found" in text or code == NOT_FOUND:
        return Kind.MISSING
    return Kind.OTHER


def look_into(engine: Engine, image: ReadyImage, program: str, folder: Path) -> Place | None:
    """Where a program lies in the image; None when nowhere, or when no shell is there to ask."""
    tree = folder / "ml"
    tree.mkdir(parents=True, exist_ok=True)
    lines: list[str] = []
    launch = Launch(
        digest=image.digest,
        arguments=(LOOK, program),
        environment={},
        tree=tree,
        name=f"wharf-doctor/look-for-{Path(program).name}",
        entrypoint=("/bin/sh", "-c"),
    )
    try:
        engine.run(launch, lines.append).wait(PATIENCE)
    except (OSError, ImageMissing):
        return None
    for line in lines:
        kind, _, path = line.partition(" ")
        if kind in ("executable", "plain") and path.endswith(program):
            return Place(path, kind == "executable")
    return None
