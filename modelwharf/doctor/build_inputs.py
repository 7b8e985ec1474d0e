"""What goes into an image: what git only points to is refused, and every file's hour is set.

containers/buildspec.yml runs the lines below the first import word for word, as a build has the
repository and nothing else; a test compares the two. Standard library alone.
"""

import os
import re
import sys
import zlib
from pathlib import Path

SHOWN = 15  # faults; people are told the last 25 lines of a failed command
POINTER = re.compile(rb"version \S+\n(?:\S+ .*\n)*?oid sha256:[0-9a-f]{64}\nsize (\d+)\n")
ADVICE = {
    "annex": "git-annex: git annex unannex FILE && git add FILE, or put the file into the data "
    "bucket.",
    "lfs": "Git LFS: CodeCommit has no LFS. Put the file into the data bucket, where training "
    "finds it; or commit it itself: git lfs untrack FILE && git add --renormalize FILE",
    "link": "A link: commit the file in its place, or name what it links to in source's inputs.",
    "submodule": "A submodule: commit its files: git rm --cached FOLDER && rm -rf FOLDER/.git && "
    "git add FOLDER; or let the Dockerfile install it.",
}


class Inputs:
    """The files below ``root``; ``context`` is the folder of it that COPY starts from."""

    def __init__(self, root: Path, context: str) -> None:
        self.root = root
        self.top = true_path(root)
        self.context = true_path(root / context)
        self.faults: list[tuple[str, str]] = []  # what is wrong, and the kind of it

    def look_at_all(self) -> None:
        """Look at everything below, and make each file's hour of its content.

        BuildKit takes a file of the same name, size and hour for the one that it was sent before.
        """
        for name, folders, files in os.walk(self.root, topdown=False):
            place = Path(name)
            if not folders and not files:
                self.refuse(
                    place,
                    "submodule",
                    "is empty, and git keeps no empty folder: it is a submodule, whose files are "
                    "in another repository",
                )
            for path in (place / one for one in folders + files):
                hour = 0
                if path.is_symlink():
                    self.look_at_link(path)
                elif path.is_file():  # in the years 1980 to 2029
                    hour = 315532800 + self.look_at_file(path) % 1577836800
                os.utime(path, (hour, hour), follow_symlinks=False)
        os.utime(self.root, (0, 0))

    def look_at_link(self, path: Path) -> None:
        place, end = true_path(path.parent) / path.name, true_path(path)
        inside = self.context if place.is_relative_to(self.context) else self.top
        if not (end.exists() and end.is_relative_to(inside)):
            target = ascii(str(path.readlink()))
            self.refuse(path, "link", f"links to {target}, which is not in the image's context")

    def look_at_file(self, path: Path) -> int:
        """What tells its content from another; refuses it when it stands for a file elsewhere."""
        digest, size, first = 0, 0, b""
        with path.open("rb") as file:
            for part in iter(lambda: file.read(1 << 20), b""):
                first = first or part
                size += len(part)
                digest = zlib.crc32(part, digest)
        pointer = POINTER.match(first) if size < 1024 else None
        if pointer:
            stands_for = f"{size} bytes of text that stand for a file of {int(pointer[1])} bytes"
            self.refuse(path, "lfs", f"is a Git LFS pointer: {stands_for}")
        elif first.startswith(b"/annex/objects/"):
            words = "is a git-annex pointer: it stands for a file that is elsewhere"
            self.refuse(path, "annex", words)
        return digest

    def refuse(self, path: Path, kind: str, words: str) -> None:
        name = str(path.relative_to(self.root))
        self.faults.append((f"{name if name.isprintable() else ascii(name)} {words}", kind))

    def report(self) -> list[str]:
        """The faults as lines for people, then what to do about each kind of them."""
        lines = [fault for fault, _ in sorted(self.faults)]
        more = [f"and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
        advice = [ADVICE[kind] for kind in sorted({kind for _, kind in self.faults})]
        end = "What the image does not need, leave out of source's inputs."
        return [*lines[:SHOWN], *more, *advice, end] if lines else []


def true_path(path: Path) -> Path:
    """With every link followed; unlike ``resolve`` it takes links in a circle."""
    return Path(os.path.realpath(path))


if __name__ == "__main__":
    inputs = Inputs(Path(".image-context"), os.environ.get("IMAGE_CONTEXT") or ".")
    inputs.look_at_all()
    print("\n".join(inputs.report()))
    sys.exit(1 if inputs.faults else 0)
