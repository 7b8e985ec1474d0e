"""The user's other laptop clouds: each directory may have one."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from modelwharf.cli.laptop import command_for, running_cloud
from modelwharf.contracts.cache_folder import cache_folder
from modelwharf.contracts.laptop import LaptopCloud

FOLDER = "clouds"  # in the cache folder: one file for each directory with a cloud


def remember(directory: Path) -> None:
    """Record that a cloud was started in this directory. A failed write is ignored."""
    place = str(directory.resolve())
    folder = _folder()
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / hashlib.sha256(place.encode()).hexdigest()[:16]).write_text(place)


def other_clouds(directory: Path) -> Iterator[tuple[Path, LaptopCloud]]:
    """Yield each other running cloud with its directory; records of stopped clouds are removed."""
    with suppress(OSError):
        for note in sorted(_folder().iterdir()):
            place = Path(note.read_text())
            cloud = running_cloud(place)
            if cloud is None:
                note.unlink(missing_ok=True)
            elif place != directory.resolve():
                yield place, cloud


def in_words(place: Path, cloud: LaptopCloud) -> str:
    """Return which cloud that is, and what to type to use it instead, or to stop it."""
    return (
        f"another cloud of yours runs: project {cloud.project} at {cloud.url}, in {place}\n"
        f'  to use that one: eval "$({command_for("env", place)})"; '
        f"to stop it: {command_for('down', place)}"
    )


def _folder() -> Path:
    return cache_folder(os.environ) / FOLDER
