"""Tell why a program did not start, from the messages of engines, kernels and shells."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from modelwharf.doctor.images import ReadyImage
from modelwharf.doctor.refusals import Kind, Refusal, is_word, refusal_in
from modelwharf.engines.engine import Engine, ImageConfig, ImageMissing, Launch

# Docker's and podman's message for a USER that the image does not have.
UNKNOWN_USER = re.compile(
    r"unable to find (?:user|group) .*no matching entries in (?:passwd|group) file"
)
COMMAND_TIMEOUT = 20.0  # seconds for a command in the image
# Prints where $0 is on PATH, and whether it is executable, or a link to a missing file.
LOOK = (
    'find=$PATH; case "$0" in /*) find=;; esac; IFS=:; for folder in $find ""; do '
    'file="${folder:+$folder/}$0"; '
    'if [ -h "$file" ] && [ ! -e "$file" ]; '
    'then echo "link $file $(readlink "$file")"; continue; fi; '
    '[ -f "$file" ] || continue; [ -x "$file" ] && kind=executable || kind=plain; '
    'echo "$kind $file"; done'
)


@dataclass(frozen=True)
class StartFault:
    """Why a program did not start: ``seen`` in a few words, and the line to change."""

    seen: str
    change: str


@dataclass(frozen=True)
class Place:
    """Where a program is in an image."""

    path: str
    executable: bool
    missing_target: str = ""
    """A link's target that the image does not have."""


def start_fault(
    image: ReadyImage,
    word: str,
    code: int | None,
    lines: Sequence[str],
    find_program: Callable[[str], Place | None],
) -> StartFault | None:
    """Return what kept the image from starting ``train`` or ``serve`` (``word``); None if it did.

    ``code`` None means that the engine refused to start it, and ``lines`` are its message. Engines
    say "not found" of a missing program, of one that is not executable and of one whose interpreter
    is missing. ``find_program`` returns where the program is, if the image has a shell.
    """
    if code is None and any(UNKNOWN_USER.search(line) for line in lines):
        return StartFault(
            f"the image says USER {image.config.user}, whom its /etc/passwd or /etc/group lacks",
            "leave USER out of the Dockerfile, for SageMaker starts containers as root; or make "
            "the user: RUN useradd …",
        )
    command = (*image.config.entrypoint, word)
    refusal = refusal_in(lines, code, command)
    if refusal is None:
        return None
    program = refusal.program or _suspect(command, refusal, code, find_program)
    place = find_program(program)
    path = place.path if place else program
    if place and place.missing_target:
        return StartFault(
            f"not found: {path} is a link to {place.missing_target}, which is not in the image",
            f"in the Dockerfile, COPY the program itself to {path}, or link to where the image has "
            "it",
        )
    if refusal.kind is Kind.FORMAT:
        return StartFault(
            f"exec format error: {program} is neither a program for this platform nor a script "
            "that says what runs it",
            "build for the platform (docker build --platform linux/amd64), and begin a script "
            "with its interpreter, such as #!/usr/bin/env python3",
        )
    if refusal.kind is Kind.FOLDER:
        return StartFault(
            f"{path} is a folder, and was executed", f"name the program in it, such as {path}/main"
        )
    if place and not place.executable:
        return StartFault(
            f"permission denied: {path} is there but not executable",
            f"in the Dockerfile: COPY --chmod=755 {Path(path).name} {path}",
        )
    if refusal.kind is Kind.PERMISSION:
        return _denied(path, place)
    if refusal.kind is Kind.INTERPRETER or (refusal.kind is Kind.MISSING and place):
        return _no_interpreter(path, refusal.interpreter)
    if refusal.kind is Kind.MISSING:
        return _missing(program, command, image.config)
    return StartFault(
        f"the engine could not start {program}", "look at the engine's words, and the ENTRYPOINT"
    )


def _suspect(
    command: Sequence[str],
    refusal: Refusal,
    code: int | None,
    find_program: Callable[[str], Place | None],
) -> str:
    """Return the word of the command that was not executed, when no message names it.

    The engine itself executes only the first word. Further words may be arguments, so only a word
    that exists as a program is suspected.
    """
    if code is None:
        return command[0]
    places = [(word, find_program(word)) for word in command]
    if refusal.kind is Kind.INTERPRETER:
        there = [word for word, place in places if place and place.executable]
        return there[-1] if there else command[0]
    plain = [word for word, place in places if place and not place.executable]
    return plain[0] if plain else command[0]


def _denied(path: str, place: Place | None) -> StartFault:
    if place is None:
        return StartFault(
            f"permission denied: {path} is not executable",
            f"in the Dockerfile: COPY --chmod=755 {Path(path).name} {path}",
        )
    return StartFault(
        f"permission denied: {path} is executable, but the interpreter that its first line names "
        "is not, or its user may not read it",
        f"in the Dockerfile: COPY --chmod=755 for {path}, its folder and its interpreter",
    )


def _no_interpreter(path: str, interpreter: str | None) -> StartFault:
    named = f" ({interpreter})" if interpreter else ""
    return StartFault(
        f"not found: {path} is there, but what its first line names{named} is not",
        "name an interpreter that the image has, such as #!/usr/bin/env python3, in a line "
        "that ends without a carriage return (sed -i 's/\\r$//')",
    )


def _missing(program: str, command: Sequence[str], config: ImageConfig) -> StartFault:
    name = Path(program).name
    named = next((word for word in command if is_word(program, [word])), None)
    where = f"not found: no {named or program} on the image's PATH"
    if (named or program).startswith("/"):
        where = f"not found: no {named or program} in the image"
    if named is None:
        return StartFault(
            f"{where}, and {' '.join(command)} executes it",
            f"install {name} in the image, or mend the script that executes it",
        )
    if not config.entrypoint and len(config.command) > 1:
        return _only_command(where, name, config.command)
    return StartFault(
        where,
        f"in the Dockerfile: COPY --chmod=755 {name} /usr/local/bin/{name}, or an ENTRYPOINT such "
        'as ["python", "/opt/program/main.py"], which gets the word train or serve',
    )


def _only_command(where: str, word: str, command: Sequence[str]) -> StartFault:
    """Report an image without an ENTRYPOINT: SageMaker's word replaces CMD.

    It does so as in ``docker run IMAGE serve``.
    """
    shell = command[0].endswith("/sh") and command[1] == "-c"
    shown = command[2] if shell and len(command) > 2 else " ".join(command)
    form = "an ENTRYPOINT in the exec form" if shell else f"ENTRYPOINT {json.dumps(list(command))}"
    return StartFault(
        f"{where}; the word {word} stands in the place of CMD, so that {shown} is not run",
        f"in the Dockerfile, make CMD {form}: its program gets the word {word} as an argument",
    )


def find_in_image(engine: Engine, image: ReadyImage, program: str, folder: Path) -> Place | None:
    """Find a program in the image; None when it is missing, or when the image has no shell."""
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
        engine.run(launch, lines.append).wait(COMMAND_TIMEOUT)
    except (OSError, ImageMissing):
        return None
    return next((one for line in lines if (one := _place_in(line, program, folder))), None)


def _place_in(line: str, program: str, folder: Path) -> Place | None:
    """Parse one line that LOOK printed."""
    kind, _, found = line.partition(" ")
    path, _, target = found.partition(" ") if kind == "link" else (found, "", "")
    if kind not in ("executable", "plain", "link") or not path.endswith(program):
        return None
    # Without containers the image's files are in a folder next to the tree.
    root = str(folder / "root")
    return Place(path.removeprefix(root), kind == "executable", target.removeprefix(root))
