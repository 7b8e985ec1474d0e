"""The files of an image in a working tree: copy them for a build, and check them."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from modelwharf.doctor.build_context import copied
from modelwharf.doctor.build_inputs import Inputs
from modelwharf.engines.process.context_files import ContextFiles, NotInContext

UNTRACKED = shutil.ignore_patterns("__pycache__", "*.pyc")
SUBMODULE = "is a submodule: its files are in another repository, and a build finds it empty"


def stage(context: Path, inputs: Sequence[str], folder: Path) -> None:
    """Copy the inputs to ``folder``, as in a release's build: a link stays a link.

    Raises OSError for a missing input.
    """
    for name in inputs:
        source, target = context / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir() and not source.is_symlink():
            shutil.copytree(source, target, symlinks=True, ignore=UNTRACKED, dirs_exist_ok=True)
        else:
            shutil.copy(source, target, follow_symlinks=False)


def refusal(dockerfile: Path, context: Path, staged: Path | None) -> list[str]:
    """Return, in lines for people, what a release's build would refuse.

    ``staged`` has the inputs; None: everything that the Dockerfile copies from the context.
    """
    root = staged or context
    inputs = Inputs(root, ".")
    files = sorted(root.rglob("*")) if staged else _copied(dockerfile, context)
    for path in files:
        if path.name == ".git":
            inputs.refuse(path.parent, "submodule", SUBMODULE)
        elif path.is_symlink():
            inputs.look_at_link(path)
        elif path.is_file():
            inputs.look_at_file(path)
    return inputs.report()


def _copied(dockerfile: Path, context: Path) -> list[Path]:
    """Return every file that COPY takes, without what .dockerignore leaves out.

    The build reports sources that are missing.
    """
    files = ContextFiles.of(dockerfile, context)
    found: set[Path] = set()
    for source in copied(dockerfile):
        try:
            places = files.find(source)
        except NotInContext:
            continue
        for place in places:
            folder = place.is_dir() and not place.is_symlink()
            found.update(files.below(place) if folder else (place,))
            found.update(git for git in place.rglob("*/.git") if folder)
    return sorted(context / path.relative_to(context.resolve()) for path in found)
