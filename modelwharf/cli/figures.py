"""The facts about a release, as labelled lines."""

import textwrap
from collections.abc import Iterator, Mapping

from rich.console import Console
from rich.text import Text

from modelwharf.cli import brief
from modelwharf.cli.release import Release
from modelwharf.cli.state_rows import remark, tries_again
from modelwharf.contracts.history import failed_state
from modelwharf.contracts.parameters import DEFAULT_VERSION
from modelwharf.contracts.release import ApprovalDecision, Image, PreparedData, ReleaseDocument
from modelwharf.contracts.states import ROLL_BACK

LABEL_WIDTH = 17  # columns


def facts(release: Release) -> list[tuple[str, str]]:
    """Return the facts about the release as labelled lines, in the order in which they arose."""
    document = release.document
    found = list(_facts(document)) if document else []
    for row in release.states:
        if tries_again(row):
            found.append((f"{row.name} tries again", remark(row)))
    if release.plot:
        found.append(("training output", release.plot))
    if release.failure:
        where = f" in {release.failure.state}" if release.failure.state else ""
        found.append((f"failed{where}", f"{release.failure.error}: {release.failure.reason}"))
    if release.restarts:
        found.append(("restarts", release.restarts.in_words(release.id)))
    if release.serving:
        found.append(("serving now", release.serving.in_words()))
    return found


def states_in_figures(release: Release) -> frozenset[str]:
    """Return the states whose reason ``facts`` shows in full, or will show when the release is
    over.
    """
    document = release.document
    failed = failed_state(release.states)
    waits = [row.name for row in release.states if tries_again(row)]
    back = [ROLL_BACK.name] if document and document.rollback_failure else []
    return frozenset([*waits, *back, *([failed.name] if failed else [])])


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
    """Return the text's lines, broken only between words: a long URL stays whole on its own
    line.
    """
    return [
        line
        for paragraph in text.splitlines()
        for line in textwrap.wrap(
            paragraph, max(width, 20), break_long_words=False, break_on_hyphens=False
        )
    ] or [""]


def _parameters(versions: Mapping[str, int]) -> str:
    """Return the pinned version of each section, with the sections without a parameter at the
    end.
    """
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
        if document.quality is None:  # a verdict includes them
            yield from (("finding", finding) for finding in document.data.findings)
    if document.training:
        seconds = f", {document.training.seconds} s"
        if document.training.reused:
            seconds = " (reused: the same image, data and settings)"
        yield "training job", document.training.job + seconds
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
    """Return the inputs, the fingerprint of the training data, and its URI."""
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
        yield "rolled back", document.rollback.in_words()
    if document.rollback_failure:
        failure = document.rollback_failure
        yield "roll back failed", f"{failure.error}: {failure.message()}"
