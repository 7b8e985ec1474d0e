"""The end of a command that started a release: a message, or following the release to its end."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console

from modelwharf.cli import brief
from modelwharf.cli.errors import INTERRUPTED
from modelwharf.cli.figures import print_facts, states_in_figures
from modelwharf.cli.follow import follow
from modelwharf.cli.output import console, draw, print_json
from modelwharf.cli.picture import ending, picture
from modelwharf.cli.release import SUCCEEDED, Release
from modelwharf.cli.requested_release import RequestedRelease
from modelwharf.cli.services import Services
from modelwharf.cli.stack import Stack
from modelwharf.cli.watching import watching
from modelwharf.contracts.configured_project import PROJECT_FILE, find_project_file

TRY_AGAIN = 'Try again: commit what mends it and wharf push; or wharf start --reason "…"'
DATA = "Try again: wharf data put NAME FILE, which starts a release when it is there"
CONFIGURATION = 'Try again: wharf config put SECTION FILE, and then wharf start --reason "…"'
CHANGED_FILE = (
    f'Try again: edit {PROJECT_FILE}, wharf config apply, and then wharf start --reason "…"'
)
MENDED = {
    "MissingData": DATA,
    "DataRejected": DATA,
    "InvalidParameter": CONFIGURATION,
    "QuotaTooSmall": 'Try again: what it says above, and then wharf start --reason "…"',
    "QualityBelowThreshold": "Try again: better data or a better program starts a release; after a "
    'change of the rules: wharf start --reason "…"',
}
"""What to type after these errors; TRY_AGAIN after others. In a project, CHANGED_FILE mends the
parameters."""


def tell(
    services: Services, stack: Stack, requested: RequestedRelease, *, wait: bool, as_json: bool
) -> None:
    """Print the request's result; with ``wait`` follow the release. Exit 1 if it failed.

    Also exit 1 when the release existed already and does not serve: nothing was started.
    """
    if wait and requested.release and not requested.another_serves:
        follow_and_print(services, stack, requested.release, as_json=as_json)
        return
    if as_json:
        error = {} if requested.is_known else {"error": in_words(requested)}
        print_json({**error, **requested.model_dump(mode="json")})
    else:
        click.echo(in_words(requested))
    if not requested.is_known or requested.failed or requested.another_serves:
        raise click.exceptions.Exit(1)


def in_words(requested: RequestedRelease) -> str:
    """Return the request's result in words, with the next command."""
    if requested.failed:
        return (
            f"{_it(requested)} was released already as {requested.release}, "
            f"which {_ended(requested.status)}\n"
            f"See why: wharf show {requested.release}\n{TRY_AGAIN}"
        )
    if requested.another_serves:
        return (
            f"{_it(requested)} was released already as {requested.release}, "
            f"but {requested.serving} serves now\n"
            f"See that one: wharf show {requested.serving}\n"
            f'Release this one again: wharf start --commit {requested.commit} --reason "…"'
        )
    if requested.status == SUCCEEDED:
        return (
            f"{_it(requested)} was released already as {requested.release}\n"
            f"See it: wharf show {requested.release}"
        )
    if requested.release:
        started = (
            f"{_it(requested)} was released already as" if requested.already else "started release"
        )
        return f"{started} {requested.release}\nWatch it: wharf show {requested.release} --follow"
    if requested.skipped:
        return f"no release: {requested.skipped}"
    return (
        "no release started, and no reason was recorded within the time that takes.\n"
        "Look whether its event is lost: wharf redrive --list; or ask again: wharf start"
    )


def _it(requested: RequestedRelease) -> str:
    return f"commit {requested.commit[: brief.SHORT]}" if requested.commit else "this"


def follow_and_print(services: Services, stack: Stack, release: str, *, as_json: bool) -> Release:
    """Follow the release, print its result, and exit 1 unless it succeeded."""
    with _it_goes_on(release):
        if as_json:
            view = follow(services, stack, release, lambda seen: None)
            print_json(view)
        else:
            view = follow_on_screen(services, stack, release, console())
            click.echo(_next(view))
    if not view.succeeded:
        raise click.exceptions.Exit(1)
    return view


def follow_on_screen(services: Services, stack: Stack, release: str, screen: Console) -> Release:
    """Draw the release until it ends, then print its figures, its states and its result."""
    with watching(services, screen) as seen:
        view = follow(services, stack, release, seen)
    print_facts(screen, view)
    if screen.is_terminal:
        draw(screen, picture(view, services.now(), states_in_figures(view)))
    screen.print(ending(view, services.now()), markup=False, soft_wrap=True)
    return view


@contextmanager
def _it_goes_on(release: str) -> Iterator[None]:
    """On Ctrl-C, say that the release continues, and exit 130 as a shell does."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(
            f"\nrelease {release} goes on; come back to it: wharf show {release} --follow", err=True
        )
        raise click.exceptions.Exit(INTERRUPTED) from None


def _next(view: Release) -> str:
    if not view.succeeded:
        error = view.failure.error if view.failure else ""
        return f"What it wrote: wharf logs {view.id}\n{_mended(error)}"
    probe = view.document.plan.deployment.probe if view.document and view.document.plan else None
    if probe and probe.content_type == "application/json" and probe.body is not None:
        return f"Ask it: wharf invoke {shlex.quote(probe.body)}"
    return f"See it again: wharf show {view.id}"


def _mended(error: str) -> str:
    if error == "InvalidParameter" and find_project_file(Path.cwd()):
        return CHANGED_FILE
    return MENDED.get(error, TRY_AGAIN)


def _ended(status: str | None) -> str:
    return {"ABORTED": "was stopped", "TIMED_OUT": "timed out"}.get(status or "", "failed")
