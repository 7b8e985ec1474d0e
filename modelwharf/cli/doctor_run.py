"""A run of the doctor: its folder, its engine, and its progress messages."""

import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from modelwharf.cli.errors import CommandError
from modelwharf.cli.examination import FindingReporter, summary
from modelwharf.cli.output import console
from modelwharf.contracts.examination import Examination, ImageRole
from modelwharf.doctor import CannotExamine, EngineLost, Settings, Wanted, examine

if TYPE_CHECKING:
    from modelwharf.engines.engine import Engine
    from modelwharf.engines.processes import Processes

NO_CONTAINERS = (
    "No containers here: a program that names absolute paths of its image may fail here alone."
)


class NothingChecked(CommandError):
    """There was no image to check, or no engine to run it."""

    exit_code = 3


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield a folder that exists until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="wharf-doctor-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def chosen_engine(requested: str | None, folder: Path) -> Iterator["Engine"]:
    """Yield the engine until the block ends. Raises NothingChecked."""
    try:
        from modelwharf.engines.choice import NoSuchEngine, choose
        from modelwharf.engines.processes import Processes
    except ModuleNotFoundError as error:
        raise NothingChecked(
            f"there is no package {error.name}: pip install 'modelwharf[laptop]'"
        ) from None
    processes = Processes()
    try:
        engine = choose(requested, folder, processes)
    except NoSuchEngine as error:
        raise NothingChecked(str(error)) from None
    with swept(engine, processes):
        yield engine


@contextmanager
def swept(engine: "Engine", processes: "Processes") -> Iterator[None]:
    """Stop all that the doctor started when the block ends. A lost engine is reported there."""
    try:
        yield
    finally:
        processes.stop_all()
        with suppress(EngineLost, OSError):
            engine.sweep()


def run(
    engine: "Engine",
    images: Mapping[ImageRole, Wanted],
    settings: Settings,
    folder: Path,
    *,
    quiet: bool,
) -> Examination:
    """Examine the images. Prints each finding unless ``quiet``. Raises NothingChecked."""
    begun = time.monotonic()
    screen = console()
    working = screen.status("running the images …") if screen.is_terminal else nullcontext()
    reporter = FindingReporter(screen, {role: one.name for role, one in images.items()})
    if not quiet:
        click.echo(f"engine: {engine.description}")
        if "platform" in engine.unsupported:
            click.echo(NO_CONTAINERS)
    try:
        with nullcontext() if quiet else working:
            found = examine(
                engine, images, settings, folder, (lambda finding: None) if quiet else reporter
            )
    except (CannotExamine, EngineLost) as error:
        raise NothingChecked(str(error)) from None
    except OSError as error:
        from modelwharf.engines import disk

        raise NothingChecked(disk.in_words(error, folder)) from None
    if not quiet:
        click.echo(f"\n{summary(found, time.monotonic() - begun)}")
    return found
