"""A release drawn for people: its states while it runs, its figures at the end."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from cli.duration import between
from cli.history import StateRow, StateStatus
from cli.output import draw
from cli.release import PLOT_FILE, Release
from cli.services import Services
from contracts.release import ApprovalDecision, Image, ReleaseDocument

SHOWN_KINDS = frozenset({"Task", "Parallel"})
MARKS = {
    StateStatus.RUNNING: ("…", "cyan"),
    StateStatus.RETRYING: ("↻", "yellow"),
    StateStatus.SUCCEEDED: ("✓", "green"),
    StateStatus.FAILED: ("✗", "red"),
    StateStatus.STOPPED: ("■", "dim"),
}


class Watching:
    """Draws every look at a release. In a terminal the picture moves; elsewhere lines follow."""

    def __init__(self, services: Services, console: Console, live: Live | None) -> None:
        self._services = services
        self._console = console
        self._live = live
        self._printed: set[str] = set()

    def __call__(self, release: Release) -> None:
        now = self._services.now()
        if self._live:
            self._live.update(picture(release, now), refresh=True)
            return
        for line in lines(release, now):
            if line not in self._printed:
                self._printed.add(line)
                self._console.print(line, markup=False, soft_wrap=True)


@contextmanager
def watching(services: Services, console: Console) -> Iterator[Watching]:
    """Draw on this console until the block is left."""
    if not console.is_terminal:
        yield Watching(services, console, None)
        return
    with Live(console=console, auto_refresh=False) as live:
        yield Watching(services, console, live)


def picture(release: Release, now: datetime) -> RenderableType:
    """Return the release's states as a table under its headline."""
    table = Table(box=None, pad_edge=False, show_header=False)
    for _ in range(4):
        table.add_column(overflow="fold")
    for row in shown(release.states):
        mark, style = MARKS[row.status]
        table.add_row(
            Text(mark, style),
            Text(indented(row)),
            Text(between(row.entered, row.exited or now), "dim"),
            Text(remark(row), style if row.error else ""),
        )
    return Group(Text.from_markup(headline(release, now)), table)


def headline(release: Release, now: datetime) -> str:
    """Return the release's name, status and time, with rich's markup."""
    time = between(release.started, release.stopped or now)
    colour = "cyan" if not release.is_over else "green" if release.succeeded else "red"
    return f"[bold]{release.id}[/] [{colour}]{release.status.lower()}[/] {time}"


def lines(release: Release, now: datetime) -> list[str]:
    """Return one line for each state begun and one for each ended, for a log."""
    found = []
    for row in shown(release.states):
        note = f" ({row.waits_for})" if row.waits_for else ""
        if not row.is_over:
            found.append(f"… {indented(row)}{note}")
            continue
        mark, _ = MARKS[row.status]
        end = f": {remark(row)}" if remark(row) else ""
        found.append(f"{mark} {indented(row)} {between(row.entered, row.exited or now)}{end}")
    return found


def shown(rows: Iterable[StateRow]) -> list[StateRow]:
    """Return the states that do something; a Choice and the end states do not."""
    return [row for row in rows if row.kind in SHOWN_KINDS]


def indented(row: StateRow) -> str:
    return f"  {row.name}" if row.parent else row.name


def remark(row: StateRow) -> str:
    """Return what a state waits for, or why it failed, or that it took several attempts.

    What failed inside a Parallel is told there, not once more on the Parallel.
    """
    if row.kind != "Task":
        return ""
    if row.error:
        return f"{row.error}: {row.failure().message()}"
    if row.waits_for:
        return row.waits_for
    return f"{row.attempts} attempts" if row.attempts > 1 else ""


def facts(release: Release) -> list[tuple[str, str]]:
    """Return what is known of the release, as labelled lines in the order they came to be."""
    document = release.document
    found = list(_facts(document)) if document else []
    if release.plot:
        found.append(("plot", f"{release.plot} ({PLOT_FILE} in it)"))
    if release.failure:
        where = f" in {release.failure.state}" if release.failure.state else ""
        found.append((f"failed{where}", f"{release.failure.error}: {release.failure.reason}"))
    return found


def print_facts(console: Console, release: Release) -> None:
    """Print the labelled lines in two columns."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for label, text in facts(release):
        table.add_row(label, escape(text))
    draw(console, table)


def _facts(document: ReleaseDocument) -> Iterator[tuple[str, str]]:
    trigger = document.trigger
    yield "trigger", _trigger(document)
    versions = trigger.parameter_versions.items()
    yield "parameters", ", ".join(f"{section} v{number}" for section, number in versions) or "–"
    if document.images:
        yield "training image", _image(document.images.training)
        yield "inference image", _image(document.images.inference)
    if document.data:
        yield "data", f"{document.data.fingerprint or 'no fingerprint'} {document.data.uri}"
    if document.training:
        yield "training job", f"{document.training.job}, {document.training.seconds} s"
    yield from _quality(document)
    if document.model_package:
        yield "model package", document.model_package.arn
    if document.approval:
        yield "approval", _approval(document.approval)
    yield from _serving(document)


def _trigger(document: ReleaseDocument) -> str:
    trigger = document.trigger
    by = f" by {trigger.requested_by}" if trigger.requested_by else ""
    why = f": {trigger.reason}" if trigger.reason else ""
    commit = f"commit {trigger.commit[:12]}" if trigger.commit else "no commit"
    return f"{trigger.source.value}, {commit} of {trigger.branch}{by}{why}"


def _image(image: Image) -> str:
    return f"{image.uri} ({'built' if image.built else 'was there already'})"


def _quality(document: ReleaseDocument) -> Iterator[tuple[str, str]]:
    if document.quality is None:
        return
    metrics = document.quality.metrics.items()
    yield "quality", ", ".join(f"{name} {value:.4g}" for name, value in metrics)
    for reason in document.quality.reasons:
        yield "rule", reason


def _approval(approval: ApprovalDecision) -> str:
    by = f" by {approval.by}" if approval.by else ""
    return f"{approval.decision}{by}{': ' + approval.note if approval.note else ''}"


def _serving(document: ReleaseDocument) -> Iterator[tuple[str, str]]:
    deployment, verification = document.deployment, document.verification
    if deployment:
        before = deployment.previous_config or "new"
        yield "endpoint", f"{deployment.endpoint} serves {deployment.config} (before: {before})"
    if verification:
        difference = verification.largest_difference
        largest = "" if difference is None else f", largest difference {difference:.2g}"
        yield (
            "verified",
            f"{verification.requests} requests, {verification.checked}{largest}",
        )
    if document.rollback:
        stopped = ", ".join(document.rollback.stopped) or "nothing"
        yield "rolled back", f"stopped {stopped}; endpoint {document.rollback.endpoint}"
    if document.rollback_failure:
        failure = document.rollback_failure
        yield "roll back failed", f"{failure.error}: {failure.message()}"
