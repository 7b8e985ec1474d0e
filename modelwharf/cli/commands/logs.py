"""``wharf logs``: what the steps of a release have written."""

import json
from collections import deque
from collections.abc import Iterator
from datetime import datetime

import click
from rich.console import Console
from rich.text import Text

from modelwharf.cli.errors import INTERRUPTED, CommandError
from modelwharf.cli.log_lines import LogLine, LogReader
from modelwharf.cli.log_sources import STATES, Step, find_sources, why_none
from modelwharf.cli.options import json_option, project_option, since_option
from modelwharf.cli.output import console
from modelwharf.cli.release import Release, latest_release, read_release
from modelwharf.cli.services import Services
from modelwharf.cli.short_ids import find_release
from modelwharf.cli.stack import Stack, find_stack

INTERVALS = {True: 1.0, False: 5.0}  # seconds between looks: on the laptop, in AWS
LABEL = 17  # columns
COLOURS = {
    Step.BUILD_TRAINING: "blue",
    Step.BUILD_INFERENCE: "cyan",
    Step.PREPARE: "magenta",
    Step.TRAIN: "green",
    Step.SERVE: "yellow",
    Step.FUNCTIONS: "bright_black",
}
# What a function's line says of every call alike.
USUAL_KEYS = frozenset(
    {"level", "message", "timestamp", "service", "location", "request_id", "release_id"}
    | {"xray_trace_id", "sampling_rate"}
)


@click.command()
@click.argument("release", required=False)
@click.option(
    "--step",
    "steps",
    type=click.Choice([step.value for step in Step]),
    multiple=True,
    help="Only this step; may be given several times.",
)
@click.option(
    "--follow",
    is_flag=True,
    help="Stay until the release ends; with --step serve, as long as it serves.",
)
@since_option("Only later lines: 90s, 10m, 2h ago, or ISO.")
@click.option("--tail", type=click.IntRange(0), metavar="N", help="Only the last N lines so far.")
@project_option
@json_option
@click.pass_obj
def logs(
    services: Services,
    release: str | None,
    steps: tuple[str, ...],
    follow: bool,
    since: datetime | None,
    tail: int | None,
    project: str,
    as_json: bool,
) -> None:
    """Show what the steps of a release have written, in order of time.

    The builds of both images, the prepare program, the training program, the servers of the
    endpoint that the release started, and the functions' calls for it: all from CloudWatch
    Logs, in AWS and on the laptop alike.

    RELEASE is an id, or how one begins; without it, the newest. With --json: one JSON object a
    line, with time, step, source (the step, and which of several hosts; or which function),
    group, stream, message.
    """
    stack = find_stack(services, project)
    release = find_release(services, stack, release) if release else latest_release(services, stack)
    asked = [Step(step) for step in steps] or list(Step)
    reader = LogReader(services, since)
    screen = console()
    view = read_release(services, stack, release)
    lines = reader.read(find_sources(services, stack, view, asked))
    if not lines and not (follow and not view.is_over):
        raise CommandError(_nothing(services, stack, view, asked, since))
    for line in deque(lines, tail):
        _print(screen, line, as_json)
    if not follow:
        return
    try:
        for line in _later(
            services, stack, view, asked, reader, stays=Step.SERVE in map(Step, steps)
        ):
            _print(screen, line, as_json)
    except KeyboardInterrupt:
        raise click.exceptions.Exit(INTERRUPTED) from None


def _later(
    services: Services,
    stack: Stack,
    view: Release,
    steps: list[Step],
    reader: LogReader,
    *,
    stays: bool,
) -> Iterator[LogLine]:
    """Lines as they come, until some time after the release is over: the last come late."""
    over = False
    while not over:
        over = view.is_over
        services.sleep(INTERVALS[services.on_laptop])
        view = read_release(services, stack, view.id)
        sources = find_sources(services, stack, view, steps)
        yield from reader.read(sources)
        over = over and not (stays and any(source.goes_on for source in sources))


def _print(screen: Console, line: LogLine, as_json: bool) -> None:
    if as_json:
        click.echo(line.model_dump_json())
        return
    time = line.time.astimezone().strftime("%H:%M:%S")
    for part in _in_words(line).splitlines() or [""]:
        text = Text(f"{time} ")
        text.append(f"{line.source:<{LABEL}}", style=COLOURS[line.step])
        text.append(f" | {part}")
        screen.print(text, soft_wrap=True)


def _in_words(line: LogLine) -> str:
    """The message; of a function's JSON, and of a build's command, what a person reads."""
    if line.message.startswith("[Container]"):
        first, *more = line.message.splitlines()
        return f"{first} …" if more else first
    if line.step is not Step.FUNCTIONS:
        return line.message.replace("\r", "\n")
    try:
        found = json.loads(line.message)
    except ValueError:
        return line.message.replace("\t", "  ")
    if not isinstance(found, dict) or not {"level", "message"} <= found.keys():
        return line.message
    more = [f"{key}={value}" for key, value in found.items() if key not in USUAL_KEYS]
    return " ".join([str(found["level"]), str(found["message"]), *more])


def _nothing(
    services: Services,
    stack: Stack,
    view: Release,
    steps: list[Step],
    since: datetime | None,
) -> str:
    """Why there is no line at all, step by step."""
    if since and since > view.started:
        return f"release {view.id} has written nothing since {since:%Y-%m-%d %H:%M:%S} UTC"
    reasons = []
    for step in steps:
        groups = sorted({one.group for one in find_sources(services, stack, view, [step])})
        reasons.append(_gone(services, step, groups[0]) if groups else why_none(view, step))
    head = f"there is no log of release {view.id}:\n" if len(reasons) > 1 else ""
    return head + "\n".join(reasons)


def _gone(services: Services, step: Step, group: str) -> str:
    found = services.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    exact = next((one for one in found if one["logGroupName"] == group), None)
    if exact is None:
        return f"{step}: nothing is there: no log group {group} ({STATES[step]} makes it)"
    days = exact.get("retentionInDays")
    kept = f" in the {days} days that it keeps" if days else ""
    return f"{step}: {STATES[step]} wrote nothing to log group {group}{kept}"
