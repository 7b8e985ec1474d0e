"""Why a program did not start, told apart by what engines, kernels and shells say of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from doctor.images import ReadyImage
from doctor.refusals import Kind, Refusal, is_word, refusal_in
from localcloud.engine import Engine, ImageMissing, Launch

PATIENCE = 20.0  # seconds for a look into the image
# Prints the place of $0 on PATH, and whether it is executable.
LOOK = (
    'case "$0" in /*) PATH=;; esac; IFS=:; for folder in $PATH ""; do '
    'file="${folder:+$folder/}$0"; '
    '[ -f "$file" ] || continue; [ -x "$file" ] && kind=executable || kind=plain; '
    'echo "$kind $file"; done'
)


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
    command = (*image.config.entrypoint, word)
    refusal = refusal_in(lines, code, command)
    if refusal is None:
        return None
    program = refusal.program or _suspect(command, refusal, code, look)
    place = look(program)
    path = place.path if place else program
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
        return _missing(program, command)
    return StartFault(
        f"the engine could not start {program}", "look at the engine's words, and the ENTRYPOINT"
    )


def _suspect(
    command: Sequence[str], refusal: Refusal, code: int | None, look: Callable[[str], Place | None]
) -> str:
    """The word of the command that was not executed, where nothing named it.

    The engine itself executes the first word alone. Further words may be arguments, so only one
    that is there as a program is suspected.
    """
    if code is None:
        return command[0]
    places = [(word, look(word)) for word in command]
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


def _missing(program: str, command: Sequence[str]) -> StartFault:
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
    return StartFault(
        where,
        f"in the Dockerfile: COPY --chmod=755 {name} /usr/local/bin/{name}, or an ENTRYPOINT such "
        'as ["python", "/opt/program/main.py"], which gets the word train or serve',
    )


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
            # Without containers the image's files are in a folder beside the tree.
            return Place(path.removeprefix(str(folder / "root")), kind == "executable")
    return None
