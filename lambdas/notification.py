"""Notifications to people: a subject of one line, and plain text."""

from collections.abc import Sequence

from lambdas.runtime import Runtime
from modelwharf.contracts.parameters import Notifications, Outcome
from modelwharf.contracts.release import ReleaseDocument

SUBJECT_LIMIT = 100  # characters, ASCII, one line (SNS Publish)
MESSAGE_LIMIT = 256 * 1024  # bytes (SNS Publish)
LABEL_WIDTH = 10  # characters


def publish(
    runtime: Runtime, outcome: Outcome, subject: str, message: str, release: str = ""
) -> None:
    """Publish one notification; ``outcome`` and ``release`` are attributes to filter by."""
    attributes = {"outcome": outcome.value, "project": runtime.environment.project}
    if release:
        attributes["release"] = release
    runtime.clients.sns.publish(
        TopicArn=runtime.environment.notifications_topic_arn,
        Subject=subject_line(subject),
        Message=message.encode()[:MESSAGE_LIMIT].decode(errors="ignore"),
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        },
    )


def wanted(notifications: Notifications | None, outcome: Outcome) -> bool:
    """Whether the team wants this notification; if its setting is unknown, it does."""
    return notifications is None or outcome in notifications.outcomes


def named(notifications: Notifications | None, outcome: Outcome) -> bool:
    """Whether the team has named this outcome in its notifications."""
    return notifications is not None and outcome in notifications.outcomes


def subject_line(text: str) -> str:
    line = " ".join(text.split()).encode("ascii", "replace").decode()
    return line if len(line) <= SUBJECT_LIMIT else line[: SUBJECT_LIMIT - 3] + "..."


def table(rows: Sequence[tuple[str, str]]) -> str:
    """Format ``label  text`` lines; further lines of a text are aligned below its first."""
    indent = " " * LABEL_WIDTH
    return "\n".join(
        f"{label:<{LABEL_WIDTH}}" + text.replace("\n", f"\n{indent}")
        for label, text in rows
        if text
    )


def about(document: ReleaseDocument) -> list[tuple[str, str]]:
    """Return the first rows of every notification about a release."""
    trigger = document.trigger
    asked = " by ".join(part for part in (trigger.asked_by(), trigger.requested_by) if part)
    return [
        ("project", document.project),
        ("release", document.release_id),
        ("commit", f"{trigger.commit} ({trigger.branch})"),
        ("asked for", asked + (f": {trigger.reason}" if trigger.reason else "")),
    ]
