"""Find the right context folder of a Dockerfile when its build failed from another one."""

from pathlib import Path

from modelwharf.engines.engine import BuildError
from modelwharf.engines.process.context_files import ContextFiles, NotInContext
from modelwharf.engines.process.dockerfile import parse


def other_context(dockerfile: Path, tried: Path) -> str:
    """Return the option that names a folder above the Dockerfile with all files that it copies.

    "" when the folder that was tried has all of them already, or when no other folder has.
    """
    sources = copied(dockerfile)
    if not sources or _has_all(dockerfile, tried, sources):
        return ""
    for folder in dockerfile.resolve().parents:
        if folder != tried.resolve() and _has_all(dockerfile, folder, sources):
            return f"--context {_shown(folder)}"
        if (folder / ".git").exists():
            break
    return ""


def copied(dockerfile: Path) -> list[str]:
    """Return what COPY takes from the context, without patterns that contain variables."""
    try:
        instructions = parse(dockerfile.read_text(errors="replace"))
    except (BuildError, OSError):
        return []
    found = []
    for one in instructions:
        if one.keyword != "COPY" or any(flag.startswith("--from") for flag in one.flags):
            continue
        words = list(one.exec_form() or one.text.split())
        found += [word for word in words[:-1] if "$" not in word]
    return found


def _has_all(dockerfile: Path, folder: Path, sources: list[str]) -> bool:
    files = ContextFiles.of(dockerfile, folder)
    try:
        return all(files.find(source) for source in sources)
    except NotInContext:
        return False


def _shown(folder: Path) -> str:
    here = Path.cwd().resolve()
    return str(folder.relative_to(here)) if folder.is_relative_to(here) else str(folder)
