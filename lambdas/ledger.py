"""The ledger's rows, and every write to them. Each write is safe to repeat.

Keys and indexes: ``contracts.ledger``.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any, Literal

from botocore.exceptions import ClientError

from contracts.ledger import (
    RELEASE_INDEX,
    WAITING_INDEX,
    build_key,
    endpoint_key,
    release_key,
    wait_key,
    waiter_key,
)
from contracts.model import Contract
from lambdas.errors import EndpointBusy, ServiceFault, Superseded
from lambdas.release_rows import ReleaseRows, condition_failed, without_keys

KEEP = 90 * 24 * 60 * 60  # seconds; as long as Step Functions keeps an execution's history


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


class BuildStart(Contract):
    """Who started the build of an image, or is about to: nobody else may before ``until``.

    ``build`` is its id, "" until CodeBuild gave one. ``cache`` is what the build was, or is to
    be, started with: CodeBuild knows a repeated start only by the very same parameters.
    """

    owner: str
    until: int
    cache: str = ""
    build: str = ""
    expires: int


class Champion(Contract):
    """The release that serves, and the one before it, to go back to."""

    release_id: str
    config: str
    model_package: str
    order: int = 0
    """The release's place in the order of all; 0 of one from before there was an order."""
    previous_release: str | None = None
    previous_config: str | None = None
    previous_model_package: str | None = None
    previous_order: int = 0
    outdated: tuple[str, ...] = ()
    """Releases before those two whose models and configurations are still to be removed."""


class Lease(Contract):
    """Who may change the endpoint. ``over``: whose lease it was when it was taken over."""

    owner: str
    lease_until: int
    over: str = ""
    expires: int


class EndpointChange(Contract):
    """What a release is about to do to the endpoint, written before it does it."""

    endpoint: str
    config: str
    model: str
    previous_config: str | None


class Ledger(ReleaseRows):
    """The table, by its meaning. ``table`` is a boto3 DynamoDB Table."""

    # Waiters

    def put_waiter(self, waiter: Waiter) -> None:
        """Write the row; a retry of its state takes the place of the dead attempt's token."""
        self._table.put_item(
            Item={
                "pk": wait_key(waiter.job),
                "sk": waiter_key(waiter.release_id, waiter.state),
                **waiter.model_dump(mode="json", exclude_none=True),
            }
        )

    def put_new_waiter(self, waiter: Waiter) -> bool:
        """Write the row unless it was written before, be it done by now; whether it is new."""
        try:
            self._table.put_item(
                Item={
                    "pk": wait_key(waiter.job),
                    "sk": waiter_key(waiter.release_id, waiter.state),
                    **waiter.model_dump(mode="json", exclude_none=True),
                },
                ConditionExpression="attribute_not_exists(pk)",
            )
        except ClientError as error:
            if not condition_failed(error):
                raise
            return False
        return True

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
        try:
            self._table.update_item(
                Key={"pk": wait_key(waiter.job), "sk": waiter_key(waiter.release_id, waiter.state)},
                UpdateExpression=change,
                ConditionExpression=condition,
                ExpressionAttributeNames={"#token": "token"},
                ExpressionAttributeValues={":token": waiter.token, **values, **extra},
            )
        except ClientError as error:
            if not condition_failed(error):
                raise

    def _query(self, **query: Any) -> Iterator[Waiter]:
        while True:
            page = self._table.query(**query)
            for item in page["Items"]:
                yield Waiter.model_validate(without_keys(item))
            if "LastEvaluatedKey" not in page:
                return
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    # Builds

    def build_start(self, repository: str, tag: str) -> BuildStart | None:
        item = self._get(_start(repository, tag))
        return None if item is None else BuildStart.model_validate(item)

    def take_build_start(
        self, repository: str, tag: str, start: BuildStart, *, over: BuildStart | None
    ) -> None:
        """Make ``start.owner`` the one that starts the build, in the place of ``over``.

        Raises ServiceFault, which is tried again, when another release was quicker.
        """
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if over is not None:
            condition = {
                "ConditionExpression": "#owner = :owner AND build = :build AND #until = :until",
                "ExpressionAttributeNames": {"#owner": "owner", "#until": "until"},
                "ExpressionAttributeValues": {
                    ":owner": over.owner,
                    ":build": over.build,
                    ":until": over.until,
                },
            }
        try:
            self._table.put_item(
                Item={**_start(repository, tag), **start.model_dump()}, **condition
            )
        except ClientError as error:
            if not condition_failed(error):
                raise
            raise ServiceFault(
                f"another release starts the build of {repository}:{tag} at this very moment"
            ) from None

    def put_build_start(self, repository: str, tag: str, start: BuildStart) -> None:
        """Remember the build's id, unless another release has taken over in the meantime."""
        try:
            self._table.put_item(
                Item={**_start(repository, tag), **start.model_dump()},
                ConditionExpression="#owner = :owner",
                ExpressionAttributeNames={"#owner": "owner"},
                ExpressionAttributeValues={":owner": start.owner},
            )
        except ClientError as error:
            if not condition_failed(error):
                raise

    # The endpoint

    def lease(self, endpoint: str) -> Lease | None:
        item = self._get(_lease(endpoint))
        return None if item is None else Lease.model_validate(item)

    def take_lease(
        self, endpoint: str, release: str, *, now: int, until: int, over: str = ""
    ) -> None:
        """Make ``release`` the one that may deploy, be it in the place of ``over``.

        Raises EndpointBusy, which names the owner.
        """
        lease = Lease(owner=release, lease_until=until, over=over, expires=until)
        try:
            self._table.put_item(
                Item={**_lease(endpoint), **lease.model_dump()},
                ConditionExpression=(
                    "attribute_not_exists(pk) OR #owner IN (:me, :over) OR lease_until < :now"
                ),
                ExpressionAttributeNames={"#owner": "owner"},
                ExpressionAttributeValues={":me": release, ":over": over, ":now": now},
            )
        except ClientError as error:
            if not condition_failed(error):
                raise
            held = self.lease(endpoint)
            owner = held.owner if held else "another release"
            raise EndpointBusy(
                f"endpoint {endpoint!r} is being changed by release {owner}; this release waits "
                f"for its turn. See what it does: wharf show {owner}"
            ) from None

    def release_lease(self, endpoint: str, release: str) -> None:
        """Give the lease back, if ``release`` holds it."""
        self._delete_if(_lease(endpoint), "owner", release)

    def put_endpoint_change(self, release: str, change: EndpointChange) -> EndpointChange:
        """Remember the change before it is made; what an earlier attempt wrote stays, and counts.

        Otherwise a retry would take the release's own configuration for the one to go back to.
        """
        try:
            self._table.put_item(
                Item={**_change(release), "release_id": release, **change.model_dump()},
                ConditionExpression="attribute_not_exists(pk)",
            )
        except ClientError as error:
            if not condition_failed(error):
                raise
        return self.endpoint_change(release) or change

    def endpoint_change(self, release: str) -> EndpointChange | None:
        item = self._get(_change(release))
        if item is None:
            return None
        item.pop("release_id")
        return EndpointChange.model_validate(item)

    def champion(self, endpoint: str) -> Champion | None:
        item = self._get(_champion(endpoint))
        return None if item is None else Champion.model_validate(item)

    def crown(self, endpoint: str, champion: Champion) -> None:
        """Move the pointer from ``champion.previous_release``, forward in the order of releases.

        Raises EndpointBusy if it has moved meanwhile, Superseded if it would move back.
        """
        previous = champion.previous_release
        if previous is not None and 0 < champion.order < champion.previous_order:
            raise Superseded(
                f"release {previous} ({champion.previous_order} in the order of releases) serves; "
                f"release {champion.release_id} ({champion.order}) must not take its place"
            )
        condition = "attribute_not_exists(pk)" if previous is None else "release_id = :previous"
        values = {} if previous is None else {"ExpressionAttributeValues": {":previous": previous}}
        try:
            self._table.put_item(
                Item={**_champion(endpoint), **champion.model_dump()},
                ConditionExpression=condition,
                **values,
            )
        except ClientError as error:
            if not condition_failed(error):
                raise
            raise EndpointBusy(
                f"the champion of endpoint {endpoint!r} changed while release "
                f"{champion.release_id} was promoted; it was {previous or 'none'}"
            ) from None

    def put_outdated(self, endpoint: str, champion: str, outdated: Sequence[str]) -> None:
        """What is still to be removed, while ``champion`` is the champion."""
        try:
            self._table.update_item(
                Key=_champion(endpoint),
                UpdateExpression="SET outdated = :outdated",
                ConditionExpression="release_id = :champion",
                ExpressionAttributeValues={":outdated": [*outdated], ":champion": champion},
            )
        except ClientError as error:
            if not condition_failed(error):
                raise

    def dethrone(self, endpoint: str, release: str) -> None:
        """Point back at the previous champion, if ``release`` is the champion."""
        champion = self.champion(endpoint)
        if champion is None or champion.release_id != release:
            return
        if champion.previous_release is None:
            self._delete_if(_champion(endpoint), "release_id", release)
            return
        previous = Champion(
            release_id=champion.previous_release,
            config=champion.previous_config or "",
            model_package=champion.previous_model_package or "",
            order=champion.previous_order,
            outdated=champion.outdated,
        )
        try:
            self._table.put_item(
                Item={**_champion(endpoint), **previous.model_dump()},
                ConditionExpression="release_id = :me",
                ExpressionAttributeValues={":me": release},
            )
        except ClientError as error:
            if not condition_failed(error):
                raise

    def _delete_if(self, key: dict[str, str], attribute: str, value: str) -> None:
        try:
            self._table.delete_item(
                Key=key,
                ConditionExpression="#attribute = :value",
                ExpressionAttributeNames={"#attribute": attribute},
                ExpressionAttributeValues={":value": value},
            )
        except ClientError as error:
            if not condition_failed(error):
                raise


def _start(repository: str, tag: str) -> dict[str, str]:
    return {"pk": build_key(repository, tag), "sk": "start"}


def _lease(endpoint: str) -> dict[str, str]:
    return {"pk": endpoint_key(endpoint), "sk": "lease"}


def _champion(endpoint: str) -> dict[str, str]:
    return {"pk": endpoint_key(endpoint), "sk": "champion"}


def _change(release: str) -> dict[str, str]:
    return {"pk": release_key(release), "sk": "endpoint"}
