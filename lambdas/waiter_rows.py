"""The ledger's rows of task tokens that wait for a job."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Literal

from contracts.ledger import RELEASE_INDEX, WAITING_INDEX, wait_key, waiter_key
from contracts.model import Contract
from lambdas.table_rows import KEEP, TableRows, without_keys, written


class Kind(StrEnum):
    """What a row waits for; decides how its true status is read."""

    BUILD = "build"
    PROCESSING = "processing"
    TRAINING = "training"
    APPROVAL = "approval"
    ENDPOINT = "endpoint"
    ROLLBACK = "rollback"
    STOPPED = "stopped"


class Waiter(Contract):
    """A task token that waits for a job.

    ``subject`` is what Describe needs, "" until the job was submitted; ``context`` is JSON
    that the answer needs; times are epoch seconds.
    """

    job: str
    release_id: str
    state: str
    token: str
    kind: Kind
    subject: str = ""
    submitted: bool = False
    context: str = "{}"
    failures: int = 0
    """How often in a row its true status could not be read."""
    started: int
    next_check: int
    waiting: Literal["yes"] = "yes"
    expires: int


class WaiterRows(TableRows):
    """Of the table, what waits."""

    def put_waiter(self, waiter: Waiter) -> None:
        """Write the row; a retry of its state takes the place of the dead attempt's token."""
        self._table.put_item(Item=_row(waiter))

    def put_new_waiter(self, waiter: Waiter) -> bool:
        """Write the row unless it was written before, be it done by now; whether it is new."""
        return written(
            self._table.put_item,
            Item=_row(waiter),
            ConditionExpression="attribute_not_exists(pk)",
        )

    def waiters(self, job: str) -> list[Waiter]:
        """Everyone who still waits for ``job``."""
        return list(
            self._query(
                KeyConditionExpression="pk = :pk",
                FilterExpression="waiting = :yes",
                ExpressionAttributeValues={":pk": wait_key(job), ":yes": "yes"},
                ConsistentRead=True,
            )
        )

    def waiters_of(self, release: str) -> list[Waiter]:
        """Everything that the release still waits for."""
        return list(
            self._query(
                IndexName=RELEASE_INDEX,
                KeyConditionExpression="release_id = :release",
                FilterExpression="waiting = :yes",
                ExpressionAttributeValues={":release": release, ":yes": "yes"},
            )
        )

    def waiters_due(self, before: int) -> list[Waiter]:
        """Everyone whose next check is before that time (epoch seconds), the oldest first."""
        return list(
            self._query(
                IndexName=WAITING_INDEX,
                KeyConditionExpression="waiting = :yes AND next_check < :before",
                ExpressionAttributeValues={":yes": "yes", ":before": before},
            )
        )

    def endpoint_waiters(self, endpoint: str) -> list[Waiter]:
        """Everyone who waits for the endpoint, whatever the configuration."""
        return list(
            self._query(
                IndexName=WAITING_INDEX,
                KeyConditionExpression="waiting = :yes",
                FilterExpression="subject = :endpoint AND kind IN (:deploy, :rollback, :stopped)",
                ExpressionAttributeValues={
                    ":yes": "yes",
                    ":endpoint": endpoint,
                    ":deploy": Kind.ENDPOINT,
                    ":rollback": Kind.ROLLBACK,
                    ":stopped": Kind.STOPPED,
                },
            )
        )

    def mark_submitted(self, waiter: Waiter, subject: str) -> Waiter:
        """Remember that the job exists, and as what."""
        self._update(
            waiter,
            "SET subject = :subject, submitted = :true",
            {":subject": subject, ":true": True},
        )
        return waiter.model_copy(update={"subject": subject, "submitted": True})

    def put_context(self, waiter: Waiter, context: str) -> None:
        self._update(waiter, "SET context = :context", {":context": context})

    def mark_done(self, waiter: Waiter) -> None:
        self._update(waiter, "REMOVE waiting, next_check", {})

    def check_again_at(self, waiter: Waiter, time: int) -> None:
        """A row that someone waits for never expires, however long an approval may take."""
        self._update(
            waiter,
            "SET next_check = :time, expires = :expires, failures = :none",
            {":time": time, ":expires": time + KEEP, ":none": 0},
            still="waiting = :yes",
        )

    def put_off(self, waiter: Waiter, time: int) -> None:
        """Check later: its true status could not be read, once more."""
        self._update(
            waiter,
            "SET next_check = :time, expires = :expires, failures = :failures",
            {":time": time, ":expires": time + KEEP, ":failures": waiter.failures + 1},
            still="waiting = :yes",
        )

    def _update(
        self, waiter: Waiter, change: str, values: dict[str, Any], *, still: str = ""
    ) -> None:
        """Change the row, unless a retry of its state has put another token there."""
        condition = "#token = :token" + (f" AND {still}" if still else "")
        extra = {":yes": "yes"} if still else {}
        written(
            self._table.update_item,
            Key=_key(waiter),
            UpdateExpression=change,
            ConditionExpression=condition,
            ExpressionAttributeNames={"#token": "token"},
            ExpressionAttributeValues={":token": waiter.token, **values, **extra},
        )

    def _query(self, **query: Any) -> Iterator[Waiter]:
        while True:
            page = self._table.query(**query)
            for item in page["Items"]:
                yield Waiter.model_validate(without_keys(item))
            if "LastEvaluatedKey" not in page:
                return
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _key(waiter: Waiter) -> dict[str, str]:
    return {"pk": wait_key(waiter.job), "sk": waiter_key(waiter.release_id, waiter.state)}


def _row(waiter: Waiter) -> dict[str, Any]:
    return {**_key(waiter), **waiter.model_dump(mode="json", exclude_none=True)}
