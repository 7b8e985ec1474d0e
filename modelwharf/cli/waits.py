"""The open waits of a running release, from the ledger."""

from datetime import datetime
from typing import Any

from modelwharf.artifact.contract import Contract
from modelwharf.cli.output import local_time
from modelwharf.cli.services import Services
from modelwharf.cli.stack import Stack
from modelwharf.contracts.ledger import RELEASE_INDEX, project_key

APPROVAL = "approval: "  # prefix of the text of a wait for a person


class Wait(Contract):
    """One waiting task token: in ``state``, for the job ``subject`` of ``kind``.

    ``subject`` is empty until the job is submitted.
    """

    state: str
    kind: str
    subject: str

    def in_words(self, release: str, approval_until: datetime | None = None) -> str:
        """Return what a person would look at, or type, to let it continue."""
        if self.kind == "approval":
            until = f"; until {local_time(approval_until)}" if approval_until else ""
            return (
                f"{APPROVAL}wharf approve {release}; or: wharf reject {release} --note '…'{until}"
            )
        return f"{self.kind} {self.subject}".rstrip()


class Skip(Contract):
    """A push or another request that released nothing, and why.

    ``commit`` is "-" when the request had no commit.
    """

    key: str
    commit: str
    reason: str
    time: str


def open_waits(services: Services, stack: Stack, release: str) -> dict[str, Wait]:
    """Return the release's open waits by state name."""
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
    """Return the row's attributes as text: DynamoDB's client tags each with its type."""
    return {name: str(next(iter(value.values()))) for name, value in item.items()}
