"""The ledger's rows of the endpoint: the lease, the change under way, and the champion."""

from collections.abc import Sequence

from lambdas.errors import EndpointBusy, Superseded
from lambdas.table_rows import TableRows, written
from modelwharf.artifact.contract import Contract
from modelwharf.contracts.ledger import endpoint_key, release_key


class Champion(Contract):
    """The release that serves, and the one before it, to go back to."""

    release_id: str
    config: str
    model_package: str
    order: int = 0
    """The release's number in the order of releases; 0 if it is older than the order."""
    previous_release: str | None = None
    previous_config: str | None = None
    previous_model_package: str | None = None
    previous_order: int = 0
    outdated: tuple[str, ...] = ()
    """Releases before those two whose models and configurations are still to be removed."""


class Lease(Contract):
    """The release that may change the endpoint. ``over``: the release it took the lease from."""

    owner: str
    lease_until: int
    over: str = ""
    expires: int


class EndpointChange(Contract):
    """A release's change to the endpoint, written before the change is made."""

    endpoint: str
    config: str
    model: str
    previous_config: str | None


class EndpointRows(TableRows):
    """The table's rows of the endpoint."""

    def lease(self, endpoint: str) -> Lease | None:
        item = self._get(_lease(endpoint))
        return None if item is None else Lease.model_validate(item)

    def take_lease(
        self, endpoint: str, release: str, *, now: int, until: int, over: str = ""
    ) -> None:
        """Give ``release`` the lease to deploy, even if ``over`` holds it.

        Raises EndpointBusy, which names the owner.
        """
        lease = Lease(owner=release, lease_until=until, over=over, expires=until)
        if not written(
            self._table.put_item,
            Item={**_lease(endpoint), **lease.model_dump()},
            ConditionExpression=(
                "attribute_not_exists(pk) OR #owner IN (:me, :over) OR lease_until < :now"
            ),
            ExpressionAttributeNames={"#owner": "owner"},
            ExpressionAttributeValues={":me": release, ":over": over, ":now": now},
        ):
            held = self.lease(endpoint)
            owner = held.owner if held else "another release"
            raise EndpointBusy(
                f"endpoint {endpoint!r} is being changed by release {owner}; this release waits "
                f"for its turn. See what it does: wharf show {owner}"
            )

    def release_lease(self, endpoint: str, release: str) -> None:
        """Give the lease back, if ``release`` holds it."""
        self._delete_if(_lease(endpoint), "owner", release)

    def put_endpoint_change(self, release: str, change: EndpointChange) -> EndpointChange:
        """Store the change before it is made, and return it; a row from an earlier attempt wins.

        Otherwise a retry would take the release's own configuration for the one to go back to.
        """
        written(
            self._table.put_item,
            Item={**_change(release), "release_id": release, **change.model_dump()},
            ConditionExpression="attribute_not_exists(pk)",
        )
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

    def put_champion(self, endpoint: str, champion: Champion) -> None:
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
        if not written(
            self._table.put_item,
            Item={**_champion(endpoint), **champion.model_dump()},
            ConditionExpression=condition,
            **values,
        ):
            raise EndpointBusy(
                f"the champion of endpoint {endpoint!r} changed while release "
                f"{champion.release_id} was promoted; it was {previous or 'none'}"
            )

    def put_outdated(self, endpoint: str, champion: str, outdated: Sequence[str]) -> None:
        """Store the releases still to be removed, if ``champion`` is still the champion."""
        written(
            self._table.update_item,
            Key=_champion(endpoint),
            UpdateExpression="SET outdated = :outdated",
            ConditionExpression="release_id = :champion",
            ExpressionAttributeValues={":outdated": [*outdated], ":champion": champion},
        )

    def restore_previous_champion(self, endpoint: str, release: str) -> None:
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
        written(
            self._table.put_item,
            Item={**_champion(endpoint), **previous.model_dump()},
            ConditionExpression="release_id = :me",
            ExpressionAttributeValues={":me": release},
        )


def _lease(endpoint: str) -> dict[str, str]:
    return {"pk": endpoint_key(endpoint), "sk": "lease"}


def _champion(endpoint: str) -> dict[str, str]:
    return {"pk": endpoint_key(endpoint), "sk": "champion"}


def _change(release: str) -> dict[str, str]:
    return {"pk": release_key(release), "sk": "endpoint"}
