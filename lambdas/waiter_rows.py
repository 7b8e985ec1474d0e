"""The ledger's rows of task tokens that wait for a job."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import PlainSerializer, PlainValidator

from lambdas.table_rows import KEEP, TableRows, without_keys, written
from modelwharf.artifact.contract import Contract
from modelwharf.contracts.jobs import ENDPOINT, TYPES, JobType
from modelwharf.contracts.ledger import RELEASE_INDEX, WAITING_INDEX, wait_key, waiter_key


def _of_name(value: object) -> JobType:
    if isinstance(value, JobType):
        return value
    if value not in TYPES:
        raise ValueError(f"{value!r} is not a kind of job; allowed are {', '.join(TYPES)}")
    return TYPES[str(value)]


Kind = Annotated[JobType, PlainValidator(_of_name), PlainSerializer(lambda kind: kind.name)]
"""A row's job type: stored by name in the table, as the object here."""


class Waiter(Contract):
    """A task token that waits for a job.

    ``subject`` is the name that Describe needs, "" until the job was submitted; ``context`` is JSON
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
    """The table's rows of waiters."""

    def put_waiter(self, waiter: Waiter) -> None:
        """Write the row; a retry of its state replaces the dead attempt's token."""
        self._table.put_item(Item=_row(waiter))

    def put_new_waiter(self, waiter: Waiter) -> bool:
        """Write the row unless one exists, even one that is done; return whether it is new."""
        return written(
            self._table.put_item,
            Item=_row(waiter),
            ConditionExpression="attribute_not_exists(pk)",
        )

    def waiters(self, job: str) -> list[Waiter]:
        """Return all rows that still wait for ``job``."""
        return list(
            self._query(
                KeyConditionExpression="pk = :pk",
                FilterExpression="waiting = :yes",
                ExpressionAttributeValues={":pk": wait_key(job), ":yes": "yes"},
                ConsistentRead=True,
            )
        )

    def waiters_of(self, release: str) -> list[Waiter]:
        """Return all rows that the release still waits for."""
        return list(
            self._query(
                IndexName=RELEASE_INDEX,
                KeyConditionExpression="release_id = :release",
                FilterExpression="waiting = :yes",
                ExpressionAttributeValues={":release": release, ":yes": "yes"},
            )
        )

    def waiters_due(self, before: int) -> list[Waiter]:
        """Return rows whose next check is before that time (epoch seconds), the oldest first."""
        return list(
            self._query(
                IndexName=WAITING_INDEX,
                KeyConditionExpression="waiting = :yes AND next_check < :before",
                ExpressionAttributeValues={":yes": "yes", ":before": before},
            )
        )

    def endpoint_waiters(self, endpoint: str) -> list[Waiter]:
        """Return all rows that wait for the endpoint, whatever the configuration."""
        kinds = {
            f":{kind.name}": kind.name for kind in TYPES.values() if kind.event == ENDPOINT.event
        }
        return list(
            self._query(
                IndexName=WAITING_INDEX,
                KeyConditionExpression="waiting = :yes",
                FilterExpression=f"subject = :subject AND kind IN ({', '.join(kinds)})",
                ExpressionAttributeValues={":yes": "yes", ":subject": endpoint, **kinds},
            )
        )

    def mark_submitted(self, waiter: Waiter, subject: str) -> Waiter:
        """Store that the job exists, and its subject."""
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
        """Set the next check and keep the row: an approval may take longer than rows are kept."""
        self._update(
            waiter,
            "SET next_check = :time, expires = :expires, failures = :none",
            {":time": time, ":expires": time + KEEP, ":none": 0},
            still="waiting = :yes",
        )

    def put_off(self, waiter: Waiter, time: int) -> None:
        """Check later, and count another failure to read its true status."""
        self._update(
            waiter,
            "SET next_check = :time, expires = :expires, failures = :failures",
            {":time": time, ":expires": time + KEEP, ":failures": waiter.failures + 1},
            still="waiting = :yes",
        )

    def _update(
        self, waiter: Waiter, change: str, values: dict[str, Any], *, still: str = ""
    ) -> None:
        """Change the row, unless a retry of its state has stored another token there."""
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
