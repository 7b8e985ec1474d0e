"""A release drawn for people: its states while it runs, its figures at the end."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cli import brief
from cli.duration import between
from cli.history import StateRow, StateStatus
from cli.release import Release
from cli.services import Services
from contracts.parameters import DEFAULT_VERSION
from contracts.release import ApprovalDecision, Image, PreparedData, ReleaseDocument

LABEL_WIDTH = 17  # columns
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
        self._begun = False

    def __call__(self, release: Release) -> None:
        now = self._services.now()
        if self._live:
            self._live.update(picture(release, now), refresh=True)
            return
        for line in [*self._beginning(release), *lines(release, now)]:
            if line not in self._printed:
                self._printed.add(line)
                self._console.print(line, markup=False, soft_wrap=True)

    def _beginning(self, release: Release) -> list[str]:
        begun, self._begun = self._begun, True
        return [] if begun else [f"release {release.id}{_of_commit(release)}"]


@contextmanager
def watching(services: Services, console: Console) -> Iterator[Watching]:
    """Draw on this console until the block is left."""
    if not console.is_terminal:
        yield Watching(services, console, None)
        return
    # What moves goes away in the end: then the figures come, and the states below them.
    with Live(console=console, auto_refresh=False, transient=True) as live:
        yield Watching(services, console, live)


def picture(release: Release, now: datetime) -> RenderableType:
    """Return the release's states as a table under its headline."""
    table = Table(box=None, pad_edge=False, show_header=False)
    for _ in range(3):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for row in shown(release.states):
        mark, style = MARKS[row.status]
        table.add_row(
            Text(mark, style),
            Text(indented(row)),
            Text(between(row.entered, row.exited or now), "dim"),
            _remark(row, style),
        )
    return Group(Text.from_markup(headline(release, now)), table)


def _remark(row: StateRow, style: str) -> Text:
    """An error's first line, for the figures tell it in full; each thing to type on its own."""
    if row.error:
        return Text(_first_line(row), style, no_wrap=True, overflow="ellipsis")
    return Text(remark(row).replace("; ", "\n"))


def headline(release: Release, now: datetime) -> str:
    """Return the release's name, status and time, with rich's markup."""
    time = between(release.started, release.stopped or now)
    colour = "cyan" if not release.is_over else "green" if release.succeeded else "red"
    status = f"[{colour}]{release.status.lower()}[/] {time}"
    return f"[bold]{release.id}[/] {status}{_of_commit(release)}"


def ending(release: Release, now: datetime) -> str:
    """Return one line that says how the release ended, and after how long."""
    time = between(release.started, release.stopped or now)
    if release.succeeded:
        return f"{release.id} succeeded in {time}"
    state = release.failure.state if release.failure else None
    where = f" in {state}" if state else ""
    return f"{release.id} {release.status.lower().replace('_', ' ')}{where} after {time}"


def _of_commit(release: Release) -> str:
    commit = release.document.trigger.commit if release.document else ""
    return f", commit {commit[: brief.SHORT]}" if commit else ""


def lines(release: Release, now: datetime) -> list[str]:
    """Return one line for each state begun and one for each ended, for a log."""
    found = []
    for row in _ends_after_children(shown(release.states)):
        note = f" ({row.waits_for})" if row.waits_for else ""
        if not row.is_over:
            trouble = f": {_first_line(row)}" if row.error and row.kind == "Task" else ""
            found.append(f"{MARKS[row.status][0]} {indented(row)}{note}{trouble}")
            continue
        mark, _ = MARKS[row.status]
        end = f": {_first_line(row)}" if remark(row) else ""
        found.append(f"{mark} {indented(row)} {between(row.entered, row.exited or now)}{end}")
    return found


def _ends_after_children(rows: list[StateRow]) -> list[StateRow]:
    """A log tells that a Parallel ended after it told that its branches did."""
    over = {row.name for row in rows if row.kind == "Parallel" and row.is_over}
    found = []
    for index, row in enumerate(rows):
        if row.name not in over:
            found.append(row)
        inside = row.parent if row.parent in over else row.name if row.name in over else None
        if inside and not any(later.parent == inside for later in rows[index + 1 :]):
            found += [one for one in rows if one.name == inside]
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


def _first_line(row: StateRow) -> str:
    """The figures tell an error in full, once."""
    return brief.first_line(remark(row))


def facts(release: Release) -> list[tuple[str, str]]:
    """Return what is known of the release, as labelled lines in the order they came to be."""
    document = release.document
    found = list(_facts(document)) if document else []
    for row in release.states:
        if row.status is StateStatus.RETRYING and row.kind == "Task" and not row.is_over:
            found.append((f"{row.name} tries again", remark(row)))
    if release.plot:
        found.append(("training output", release.plot))
    if release.failure:
        where = f" in {release.failure.state}" if release.failure.state else ""
        found.append((f"failed{where}", f"{release.failure.error}: {release.failure.reason}"))
    if release.serving:
        found.append(("serving now", release.serving.in_words()))
    return found


def print_facts(console: Console, release: Release) -> None:
    """Print the labelled lines in two columns."""
    found = facts(release)
    indent = max([LABEL_WIDTH, *(len(label) + 2 for label, _ in found)])
    for label, text in found:
        first, *more = wrapped(text, console.width - indent)
        head = Text.assemble((label.ljust(indent), "dim"), first)
        for line in [head, *(Text(" " * indent + line) for line in more)]:
            console.print(line, soft_wrap=True)


def wrapped(text: str, width: int) -> list[str]:
    """Return the text's lines, broken between words only: a long URL stays whole, alone."""
    return [
        line
        for paragraph in text.splitlines()
        for line in textwrap.wrap(
            paragraph, max(width, 20), break_long_words=False, break_on_hyphens=False
        )
    ] or [""]


def _parameters(versions: Mapping[str, int]) -> str:
    """Which version of each section was pinned; the sections without a parameter at the end."""
    facts = [f"{name} v{number}" for name, number in sorted(versions.items()) if number]
    defaults = sorted(name for name, number in versions.items() if number == DEFAULT_VERSION)
    if defaults:
        facts.append(f"defaults: {', '.join(defaults)}")
    return ", ".join(facts) or "–"


def _facts(document: ReleaseDocument) -> Iterator[tuple[str, str]]:
    trigger = document.trigger
    yield "trigger", _trigger(document)
    yield "parameters", _parameters(trigger.parameter_versions)
    for notice in document.plan.notices if document.plan else ():
        yield "notice", notice
    if document.images:
        yield "training image", _image(document.images.training)
        yield "inference image", _image(document.images.inference)
    if document.data:
        yield "data", _data(document.data, trigger.data_versions)
    if document.training:
        yield "training job", f"{document.training.job}, {document.training.seconds} s"
    yield from _quality(document)
    if document.model_package:
        yield "model package", brief.resource(document.model_package.arn)
    if document.approval:
        yield "approval", _approval(document.approval)
    yield from _serving(document)
    if document.promotion and document.promotion.removal.left:
        left = document.promotion.removal.left
        yield "notice", f"outdated models stay until the next promotion: {left}"


def _data(data: PreparedData, versions: Mapping[str, str]) -> str:
    """Which inputs, the fingerprint of what training reads, and where that is."""
    fingerprint = f"fingerprint {brief.digests(data.fingerprint)}, " if data.fingerprint else ""
    inputs = f"{', '.join(sorted(versions))}: " if versions else ""
    return f"{inputs}{fingerprint}{data.uri}"


def _trigger(document: ReleaseDocument) -> str:
    trigger = document.trigger
    by = f" by {brief.person(trigger.requested_by)}" if trigger.requested_by else ""
    why = f": {trigger.reason}" if trigger.reason else ""
    commit = f"commit {trigger.commit[:12]}" if trigger.commit else "no commit"
    return f"{trigger.asked_by()}, {commit} of {trigger.branch}{by}{why}"


def _image(image: Image) -> str:
    return f"{brief.image(image.uri)} ({'built' if image.built else 'was there already'})"


def _quality(document: ReleaseDocument) -> Iterator[tuple[str, str]]:
    if document.quality is None:
        return
    metrics = document.quality.metrics.items()
    yield "quality", ", ".join(f"{name} {value:.4g}" for name, value in metrics)
    for reason in document.quality.reasons:
        yield "rule", reason
    for finding in document.quality.findings:
        yield "finding", finding


def _approval(approval: ApprovalDecision) -> str:
    by = f" by {brief.person(approval.by)}" if approval.by else ""
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
