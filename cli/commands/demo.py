"""``wharf demo``: the whole road on this machine, on real prices, in one command."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import click
from pydantic import JsonValue
from rich.console import Console

from cli.arrival import Arrival
from cli.assembly import project_root
from cli.checkout import Checkout
from cli.commands.env import variables_of
from cli.commands.invoke import ask
from cli.commands.push import push_commit, warn_of_uncommitted
from cli.commands.up import start
from cli.demo_data import Series, demo_series
from cli.duration import seconds_in_words
from cli.ending import in_words
from cli.errors import Trouble
from cli.follow import follow
from cli.laptop import clean_environment, cloud_process, stop_cloud
from cli.options import json_option, project_option
from cli.output import console, print_json
from cli.parameters import put_data_section
from cli.picture import print_facts, watching
from cli.plot import download_plot
from cli.release import PLOT_FILE, Release
from cli.services import Services, services_of
from cli.snapshot import checkout_of
from cli.stack import Stack, find_stack
from cli.time_split import TimeSplit, time_split
from contracts.forecast import ForecastRequest
from contracts.laptop import LaptopCloud
from contracts.model import Contract
from contracts.parameters import Data, DataInput

DIRECTORY = Path(".wharf/demo")
PRODUCT = "wti"
BUSINESS_DAYS_AHEAD = 5


class DemoResult(Contract):
    """What the demo came to."""

    release: str
    status: str
    question: ForecastRequest
    forecast: str
    plot: str | None
    time: TimeSplit


@click.command()
@click.option("--keep", is_flag=True, help="Leave the cloud running, to try more commands.")
@project_option
@json_option
def demo(keep: bool, project: str, as_json: bool) -> None:
    """From a git push to a forecast, on this machine.

    Starts a cloud of its own in .wharf/demo, uploads real prices, pushes HEAD of this
    checkout, follows the release, asks the endpoint, and stops everything again.

    With --json: release, status, question, forecast, plot, time (seconds).
    """
    screen = console(stderr=as_json)
    root = project_root()
    with _cloud(project, screen, keep=keep) as cloud:
        environment = {**clean_environment(os.environ), **variables_of(cloud)}
        services = services_of(environment)
        result = _run(services, find_stack(services, project), root, screen)
        if as_json:
            print_json(result)
        else:
            screen.print(_closing(result, keep=keep), markup=False)


@contextmanager
def _cloud(project: str, screen: Console, *, keep: bool) -> Iterator[LaptopCloud]:
    """A fresh cloud, stopped in the end whatever happens, unless it is to be kept."""
    _stop(DIRECTORY)
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    _step(screen, 1, "start the laptop's cloud from the synthesised template")
    cloud = start(DIRECTORY, port=0, assembly=None, engine="process", project=project)
    screen.print(f"  {cloud.url}, {cloud.engine} engine, files in {DIRECTORY}", markup=False)
    try:
        yield cloud
    finally:
        if not keep:
            _stop(DIRECTORY)
            screen.print("stopped everything that was started")


def _stop(directory: Path) -> None:
    pid = cloud_process(directory)
    if pid:
        stop_cloud(pid, directory)


def _run(services: Services, stack: Stack, root: Path, screen: Console) -> DemoResult:
    """Data, push, release, question, plot: each is what a user would type."""
    _step(screen, 2, "upload real daily prices")
    series = demo_series()
    put_series(services, stack, series)
    for name, one in series.items():
        days = one.csv.count("\n") - 1
        screen.print(f"  {name}: {days:,} days up to {one.last_day}", markup=False)

    _step(screen, 3, "git push")
    checkout = checkout_of(root, DIRECTORY)
    release = _push(services, stack, checkout, screen)

    _step(screen, 4, f"follow the release {release}")
    with watching(services, screen) as seen:
        view = follow(services, stack, release, seen)
    print_facts(screen, view)
    if not view.succeeded:
        raise Trouble(f"release {release} ended as {view.status}; nothing serves")
    return _ask(services, stack, view, series[PRODUCT], screen)


def put_series(services: Services, stack: Stack, series: Mapping[str, Series]) -> None:
    """Upload every series, and then name them in the ``data`` parameter.

    In this order, so that no upload starts a release: when the bucket tells of an object,
    no input has its key yet. Should it tell so late that the push came first, it wishes for
    the release that the push started: the same ingredients are one execution.
    """
    keys = {name: f"demo/{name}.csv" for name in series}
    for name, one in series.items():
        services.client("s3").put_object(
            Bucket=stack.data_bucket, Key=keys[name], Body=one.csv.encode(), ContentType="text/csv"
        )
    features: list[JsonValue] = [name for name in series if name != PRODUCT]
    section = Data(
        inputs={name: DataInput(key=key) for name, key in keys.items()},
        options={"features": features},
    )
    put_data_section(services, stack.project, section)


def _push(services: Services, stack: Stack, checkout: Checkout, screen: Console) -> str:
    head = checkout.head()
    warn_of_uncommitted(checkout)
    arrival: Arrival = push_commit(services, stack, checkout, head)
    if arrival.release is None:
        raise Trouble(in_words(arrival))
    screen.print(f"  commit {head[:12]} started release {arrival.release}", markup=False)
    return arrival.release


def _ask(
    services: Services, stack: Stack, view: Release, series: Series, screen: Console
) -> DemoResult:
    question = ForecastRequest(
        product=PRODUCT, date=business_day_after(series.last_day, BUSINESS_DAYS_AHEAD)
    )
    body = question.model_dump_json(exclude_none=True)
    _step(screen, 5, f"ask the endpoint: wharf invoke '{body}'")
    answer = ask(services, stack, body.encode())
    screen.print(f"  {answer.body.strip()}", markup=False, soft_wrap=True)
    plot = download_plot(services, view.plot, DIRECTORY / PLOT_FILE) if view.plot else None
    return DemoResult(
        release=view.id,
        status=view.status,
        question=question,
        forecast=answer.body.strip(),
        plot=str(plot) if plot else None,
        time=time_split(services, stack, view),
    )


def business_day_after(day: date, count: int) -> date:
    """Return the ``count``-th Monday to Friday after ``day``."""
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day


def _closing(result: DemoResult, *, keep: bool) -> str:
    time = result.time
    parts = ", ".join(f"{name} {seconds_in_words(spent)}" for name, spent in time.spans.items())
    text = [
        f"plot: {result.plot or 'the training program wrote none'}",
        f"time: {seconds_in_words(time.total)}, the programs' own {seconds_in_words(time.programs)}"
        f" ({parts}), Modelwharf's {seconds_in_words(time.ours)}",
        "",
        "Try next:" if keep else "Try next (wharf demo --keep leaves all this running):",
        f'  eval "$(wharf env --directory {DIRECTORY})"',
        f"  wharf show {result.release}",
        f"  wharf invoke '{result.question.model_dump_json(exclude_none=True)}'",
        "  aws stepfunctions list-state-machines",
        "  wharf push            # after a commit of your own",
        f"  wharf down --directory {DIRECTORY}",
    ]
    return "\n".join(text)


def _step(screen: Console, number: int, text: str) -> None:
    screen.print(f"[bold]{number}.[/] {text}", soft_wrap=True)
