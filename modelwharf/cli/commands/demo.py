"""``wharf demo``: a whole release on this machine, on real prices, in one command."""

import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console

from modelwharf.cli.assembly import project_root
from modelwharf.cli.commands.env import variables_of
from modelwharf.cli.commands.up import start
from modelwharf.cli.demonstration import Demonstration, demonstrate, step
from modelwharf.cli.duration import seconds_in_words
from modelwharf.cli.errors import CommandError
from modelwharf.cli.laptop import clean_environment, cloud_process, stop_cloud
from modelwharf.cli.options import engine_option, json_option, project_option
from modelwharf.cli.output import console, print_json
from modelwharf.cli.services import services_of
from modelwharf.cli.snapshot import checkout_of
from modelwharf.cli.stack import find_stack
from modelwharf.contracts.laptop import LaptopCloud

DIRECTORY = Path(".wharf/demo")
OF_A_CHECKOUT = ("training", "modelwharf")
"""The package's own app has the first alone."""


@click.command()
@click.option("--keep", is_flag=True, help="Leave the cloud running, to try more commands.")
@engine_option
@project_option
@json_option
def demo(keep: bool, engine: str | None, project: str, as_json: bool) -> None:
    """From a git push to a forecast, on this machine.

    Starts a cloud of its own in .wharf/demo, uploads real prices, pushes HEAD of this
    checkout, follows the release, asks the endpoint, and stops everything again.

    With --json: release, status, question, forecast, plot, time (total, programs, spans; in
    seconds).
    """
    # Ended by a signal, the demo still stops what it started.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    began = time.monotonic()
    screen = console(stderr=as_json)
    root = project_root()
    if not all((root / name).is_dir() for name in OF_A_CHECKOUT):
        raise CommandError(
            f"the demo pushes a checkout of Modelwharf, and {Path.cwd()} is not one: "
            "change into one, or make a project with the same model by "
            "`wharf init prices --template oil-price`"
        )
    path = os.environ.get("PATH")
    with _cloud(project, engine, screen, keep=keep) as cloud:
        services = services_of(_only(cloud))
        found = demonstrate(
            services, find_stack(services, project), checkout_of(root, DIRECTORY), DIRECTORY, screen
        )
        if as_json:
            print_json(found)
        else:
            whole = time.monotonic() - began
            text = closing(
                found,
                whole,
                keep=keep,
                engine=engine,
                wharf=shutil.which("wharf", path=path),
                binaries=Path(sys.executable).parent,
            )
            screen.print(text, markup=False, soft_wrap=True)


@contextmanager
def _cloud(
    project: str, engine: str | None, screen: Console, *, keep: bool
) -> Iterator[LaptopCloud]:
    """A fresh cloud, stopped in the end whatever happens, unless it is to be kept."""
    _stop()
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    step(screen, 1, "start the laptop's cloud from the synthesised template")
    cloud = start(DIRECTORY, port=0, assembly=None, engine=engine, project=project)
    screen.print(f"  {cloud.url}, files in {DIRECTORY}", markup=False)
    screen.print(f"  engine: {cloud.engine_description}", markup=False)
    try:
        yield cloud
    finally:
        if not keep:
            _stop()
            screen.print("stopped everything that was started")


def _stop() -> None:
    pid = cloud_process(DIRECTORY)
    if pid:
        stop_cloud(pid, DIRECTORY)


def _only(cloud: LaptopCloud) -> dict[str, str]:
    """Make this process's environment that of the cloud, with nothing of anybody's account.

    boto3 reads the process's own environment besides what it is given: AWS_PROFILE, for one.
    """
    wanted = {**clean_environment(os.environ), **variables_of(cloud, DIRECTORY, os.environ)}
    os.environ.clear()
    os.environ.update(wanted)
    return wanted


def closing(
    found: Demonstration,
    whole: float,
    *,
    keep: bool,
    engine: str | None,
    wharf: str | None,
    binaries: Path,
) -> str:
    """Return the plot, the times, and commands that work as they are printed.

    ``wharf``: where a shell finds it; None: nowhere, so its folder goes on PATH first.
    """
    split = found.time
    parts = ", ".join(f"{name} {seconds_in_words(spent)}" for name, spent in split.spans.items())
    lines = [
        f"plot: {found.plot or 'the training program wrote none'}",
        f"time: {seconds_in_words(whole)} in all; the release {seconds_in_words(split.total)}: "
        f"programs {seconds_in_words(split.programs)} ({parts}), "
        f"Modelwharf {seconds_in_words(split.ours)}",
        "",
        "Try next:",
    ]
    path = [] if wharf else [f'export PATH="{_shell_path(binaries)}:$PATH"']
    next_ = _with_the_cloud(found) if keep else _anew(engine)
    return "\n".join([*lines, *(f"  {command}" for command in [*path, *next_])])


def _with_the_cloud(found: Demonstration) -> list[str]:
    return [
        f'eval "$(wharf env --directory {DIRECTORY})"',
        f"wharf show {found.release}",
        f"wharf invoke '{found.question.model_dump_json(exclude_none=True)}'",
        "wharf push --wait     # after a commit of your own",
        "",
        f"# when you are done: wharf down --directory {DIRECTORY}",
    ]


def _anew(engine: str | None) -> list[str]:
    """Nothing of this demo is left, so nothing of it can be asked."""
    on = f" --engine {engine}" if engine else ""
    again = f'"--keep{on}"' if on else "--keep"
    return [
        f"make demo DEMO={again}     # the same again, left running to look around",
        f"wharf up{on}     # a cloud of your own; prints what to type next",
    ]


def _shell_path(folder: Path) -> str:
    here = Path.cwd()
    return f"$PWD/{folder.relative_to(here)}" if folder.is_relative_to(here) else str(folder)
