"""What a running release waits for: the ledger's open rows of it."""

from datetime import datetime
from typing import Any

from cli.output import local_time
from cli.services import Services
from cli.stack import Stack
from contracts.ledger import RELEASE_INDEX, project_key
from contracts.model import Contract


class Wait(Contract):
    """One task token that waits: in ``state``, for the job ``subject`` of ``kind``.

    ``subject`` is empty until the job was submitted.
    """

    state: str
    kind: str
    subject: str

    def in_words(self, release: str, approval_until: datetime | None = None) -> str:
        """What a person would look at, or type, to see it go on."""
        if self.kind == "approval":
            until = f"; until {local_time(approval_until)}" if approval_until else ""
            return (
                f"approval: wharf approve {release}; or: wharf reject {release} --note '…'{until}"
            )
        return f"{self.kind} {self.subject}".rstrip()


class Skip(Contract):
    """A push, or another wish, that released nothing, and why.

    ``commit`` is "-" when the wish came to no commit.
    """

    key: str
    commit: str
    reason: str
    time: str


def open_waits(services: Services, stack: Stack, release: str) -> dict[str, Wait]:
    """Return what the release waits for, by the state's name."""
    answer = services.client("dynamodb").query(
        TableName=stack.ledger_table,
        IndexName=RELEASE_INDEX,
        KeyConditionExpression="release_id = :release",
        FilterExpression="attribute_exists(waiting)",
        ExpressionAttributeValues={":release": {"S": release}},
    )
    rows = (_texts(item) for item in answer["Items"])
    found = (Wait(state=r["state"], kind=r["kind"], subject=r.get("subject", "")) for r in rows)
    return {wait.state: wait for wait in found}


def recent_skips(services: Services, stack: Stack, limit: int = 20) -> tuple[Skip, ...]:
    """Return the newest pushes that released nothing, newest first."""
    answer = services.client("dynamodb").query(
        TableName=stack.ledger_table,
        KeyConditionExpression="pk = :project AND begins_with(sk, :skipped)",
        ExpressionAttributeValues={
            ":project": {"S": project_key(stack.project)},
            ":skipped": {"S": "skipped#"},
        },
        ScanIndexForward=False,
        Limit=limit,
    )
    rows = (_texts(item) for item in answer["Items"])
    return tuple(
        Skip(
            key=row["sk"],
            commit=row.get("commit", ""),
            reason=row["reason"],
            time=row.get("time") or row["sk"].split("#")[1],
        )
        for row in rows
    )


def _texts(item: dict[str, Any]) -> dict[str, str]:
    """The row's attributes as text: DynamoDB's client tags each with its type."""
    return {name: str(next(iter(value.values()))) for name, value in item.items()}
