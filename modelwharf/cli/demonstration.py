"""The demo's steps on a running cloud: data, push, release, request, plot."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path

from pydantic import JsonValue
from rich.console import Console

from modelwharf.artifact.contract import Contract
from modelwharf.artifact.forecast import ForecastRequest
from modelwharf.cli.checkout import Checkout
from modelwharf.cli.commit_push import push_commit, warn_of_uncommitted
from modelwharf.cli.demo_data import Series, demo_series
from modelwharf.cli.ending import follow_on_screen, in_words
from modelwharf.cli.errors import CommandError
from modelwharf.cli.invocation import ask
from modelwharf.cli.parameters import put_data_section
from modelwharf.cli.plot import download_plot
from modelwharf.cli.release import PLOT_FILE, Release
from modelwharf.cli.services import Services
from modelwharf.cli.stack import Stack
from modelwharf.cli.time_split import TimeSplit, time_split
from modelwharf.contracts.names import stack_name
from modelwharf.contracts.parameters import Data, DataInput

PRODUCT = "wti"
BUSINESS_DAYS_AHEAD = 5
HEARING_DEADLINE = 20.0  # seconds
HEARING_INTERVAL = 0.5  # seconds


class Demonstration(Contract):
    """The demo's result: ``wharf demo --json`` prints exactly this."""

    release: str
    status: str
    question: ForecastRequest
    forecast: str
    plot: str | None
    time: TimeSplit


def demonstrate(
    services: Services, stack: Stack, checkout: Checkout, directory: Path, screen: Console
) -> Demonstration:
    """Run the commands of a user, from the data to the answer.

    Raises CommandError when one fails.
    """
    step(screen, 2, "upload real daily prices")
    series = demo_series()
    put_series(services, stack, series)
    for name, one in series.items():
        days = one.csv.count("\n") - 1
        screen.print(f"  {name}: {days:,} days up to {one.last_day}", markup=False)

    step(screen, 3, "git push")
    release = _push(services, stack, checkout, screen)

    step(screen, 4, f"follow the release {release}")
    view = _follow(services, stack, release, screen)

    question = ForecastRequest(
        product=PRODUCT, date=business_day_after(series[PRODUCT].last_day, BUSINESS_DAYS_AHEAD)
    )
    body = question.model_dump_json(exclude_none=True)
    step(screen, 5, f"ask the endpoint: wharf invoke '{body}'")
    forecast = ask(services, stack, body.encode()).body.strip()
    screen.print(f"  {forecast}", markup=False, soft_wrap=True)

    plot = download_plot(services, view.plot, directory / PLOT_FILE) if view.plot else None
    return Demonstration(
        release=release,
        status=view.status,
        question=question,
        forecast=forecast,
        plot=str(plot) if plot else None,
        time=time_split(services, stack, view),
    )


def put_series(services: Services, stack: Stack, series: Mapping[str, Series]) -> None:
    """Upload every series, and then name them in the ``data`` parameter.

    In this order no upload starts a release: at the time of the bucket's event, no input has the
    object's key yet. The push that follows starts the only release.
    """
    keys = {name: f"demo/{name}.csv" for name in series}
    for name, one in series.items():
        services.client("s3").put_object(
            Bucket=stack.data_bucket, Key=keys[name], Body=one.csv.encode(), ContentType="text/csv"
        )
    wait_until_heard(services, stack, keys.values())
    features: list[JsonValue] = [name for name in series if name != PRODUCT]
    section = Data(
        inputs={name: DataInput(key=key) for name, key in keys.items()},
        options={"features": features},
    )
    put_data_section(services, stack.project, section)


def wait_until_heard(services: Services, stack: Stack, keys: Iterable[str]) -> None:
    """Wait until the function start-release has logged that no input names these objects.

    The wait is limited. An event that comes after the push requests the release that the push
    started, because the same ingredients are one execution. Only its trigger would then be shown as
    data.
    """
    group = f"/aws/lambda/{stack_name(stack.project)}-start-release"
    waiting = set(keys)
    for _ in range(int(HEARING_DEADLINE / HEARING_INTERVAL)):
        events = services.client("logs").filter_log_events(logGroupName=group)["events"]
        waiting = {key for key in waiting if not any(key in one["message"] for one in events)}
        if not waiting:
            return
        services.sleep(HEARING_INTERVAL)


def business_day_after(day: date, count: int) -> date:
    """Return the ``count``-th Monday to Friday after ``day``."""
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day


def step(screen: Console, number: int, text: str) -> None:
    """Print the headline of a step."""
    screen.print(f"[bold]{number}.[/] {text}", soft_wrap=True)


def _push(services: Services, stack: Stack, checkout: Checkout, screen: Console) -> str:
    head = checkout.head()
    warn_of_uncommitted(checkout)
    requested = push_commit(services, stack, checkout, head)
    if requested.release is None:
        raise CommandError(in_words(requested))
    screen.print(f"  commit {head[:12]} started release {requested.release}", markup=False)
    return requested.release


def _follow(services: Services, stack: Stack, release: str, screen: Console) -> Release:
    view = follow_on_screen(services, stack, release, screen)
    if not view.succeeded:
        raise CommandError(f"release {release} ended as {view.status.lower()}: nothing new serves")
    return view
