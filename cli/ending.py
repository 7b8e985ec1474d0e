"""How a command that started a release ends: told what began, or followed to the end."""

import click

from cli.arrival import Arrival
from cli.follow import follow
from cli.output import console, print_json
from cli.picture import print_facts, watching
from cli.release import Release
from cli.services import Services
from cli.stack import Stack


def tell(services: Services, stack: Stack, arrival: Arrival, *, wait: bool, as_json: bool) -> None:
    """Print what came of the wish; with ``wait`` follow the release, and exit 1 if it fails."""
    if wait and arrival.release:
        follow_and_print(services, stack, arrival.release, as_json=as_json)
        return
    if as_json:
        print_json(arrival)
    else:
        click.echo(in_words(arrival))
    if not arrival.is_known:
        raise click.exceptions.Exit(1)


def in_words(arrival: Arrival) -> str:
    """Return what came of the wish, with the next command."""
    if arrival.release:
        started = "was released already as" if arrival.already else "started release"
        return f"{started} {arrival.release}\nWatch it: wharf show {arrival.release} --follow"
    if arrival.skipped:
        return f"no release: {arrival.skipped}"
    return (
        "no release started, and no reason was recorded within the time that takes.\n"
        "Look at the log of the function start-release, or ask again with `wharf start`."
    )


def follow_and_print(services: Services, stack: Stack, release: str, *, as_json: bool) -> Release:
    """Follow the release, print what it came to, and exit 1 unless it succeeded."""
    if as_json:
        view = follow(services, stack, release, lambda seen: None)
        print_json(view)
    else:
        screen = console()
        with watching(services, screen) as seen:
            view = follow(services, stack, release, seen)
        print_facts(screen, view)
        if view.succeeded:
            click.echo("Ask it: wharf invoke --help")
        else:
            click.echo("Try again: wharf start --reason '…'  All releases: wharf releases")
    if not view.succeeded:
        raise click.exceptions.Exit(1)
    return view
