"""The ledger's rows of releases: their order, the decisions, and the skipped changes."""

from decimal import Decimal
from typing import cast

from pydantic import ConfigDict

from lambdas.table_rows import TableRows, written
from modelwharf.artifact.contract import Contract
from modelwharf.contracts.ledger import message_key, project_key, release_key
from modelwharf.contracts.parameters import Outcome
from modelwharf.contracts.release import ReleaseDocument


class Latest(Contract):
    """The ingredients of the newest release. Keys that an earlier version wrote are ignored."""

    model_config = ConfigDict(extra="ignore")

    release_id: str
    order: int
    commit: str
    contents: dict[str, str] = {}
    """Kind of image → digest of the commit's files in it."""
    data_versions: dict[str, str]
    parameter_versions: dict[str, int]
    configuration: str = ""


class Skip(Contract):
    """Why a change releases nothing.

    ``audible``: notify people and write it to the ledger. ``outcome`` is the name for it in a
    team's notification settings.
    """

    commit: str
    reason: str
    audible: bool = True
    outcome: Outcome = Outcome.SKIPPED


class Decision(Contract):
    """The result of one request: a release or a reason for none. It is final for that request."""

    release: ReleaseDocument | None = None
    skip: Skip | None = None
    head: str = ""
    """The branch's head that was considered; "" when the request was not about it."""
    branch: str = ""


class Head(Contract):
    """The head of the branch as it was last considered.

    ``commit`` "" stands for none yet. ``unseen`` is a head that has not been considered since the
    time ``since`` (epoch seconds).
    """

    branch: str
    commit: str = ""
    unseen: str = ""
    since: int = 0


class ReleaseRows(TableRows):
    """The table's rows of releases."""

    # The order

    def next_order(self, project: str) -> int:
        """Return a number that is greater than every number taken before."""
        answer = self._table.update_item(
            Key=_order(project),
            UpdateExpression="ADD #number :one",
            ExpressionAttributeNames={"#number": "number"},
            ExpressionAttributeValues={":one": 1},
            ReturnValues="UPDATED_NEW",
        )
        # boto3 reads every number as a Decimal.
        return int(cast(Decimal, answer["Attributes"]["number"]))

    def put_latest(self, project: str, latest: Latest) -> bool:
        """Make this the newest release; False when a later number has been taken since its own."""
        return written(
            self._table.update_item,
            Key=_order(project),
            UpdateExpression="SET latest = :latest",
            ConditionExpression="#number = :mine",
            ExpressionAttributeNames={"#number": "number"},
            ExpressionAttributeValues={":latest": latest.model_dump(), ":mine": latest.order},
        )

    def latest(self, project: str) -> Latest | None:
        item = self._get(_order(project))
        found = None if item is None else item.get("latest")
        return None if found is None else Latest.model_validate(found)

    # The decisions

    def put_decision(
        self, project: str, message: str, decision: Decision, expires: int
    ) -> Decision:
        """Store the decision and return it; an earlier decision about the same request wins."""
        row = {"decision": decision.model_dump_json(by_alias=True), "expires": expires}
        if not written(
            self._table.put_item,
            Item={**_decision(project, message), **row},
            ConditionExpression="attribute_not_exists(pk)",
        ):
            known = self.decision(project, message)
            return decision if known is None else known[0]
        return decision

    def decision(self, project: str, message: str) -> tuple[Decision, bool] | None:
        """Return the decision about the request, and whether it was carried out."""
        item = self._get(_decision(project, message))
        if item is None:
            return None
        return Decision.model_validate_json(item["decision"]), bool(item.get("done"))

    def mark_carried_out(self, project: str, message: str) -> None:
        self._table.update_item(
            Key=_decision(project, message),
            UpdateExpression="SET done = :true",
            ExpressionAttributeValues={":true": True},
        )

    def put_release(self, document: ReleaseDocument) -> None:
        """Store what the release was made from."""
        self._table.put_item(
            Item={
                "pk": release_key(document.release_id),
                "sk": "document",
                "release_id": document.release_id,
                "document": document.model_dump_json(by_alias=True),
            }
        )

    def release(self, release: str) -> ReleaseDocument | None:
        item = self._get({"pk": release_key(release), "sk": "document"})
        return None if item is None else ReleaseDocument.model_validate_json(item["document"])

    def mark_stopped(self, release: str, expires: int) -> None:
        """Store that the execution was stopped from outside; ``expires`` in epoch seconds."""
        self._table.put_item(Item={**_stopped(release), "release_id": release, "expires": expires})

    def was_stopped(self, release: str) -> bool:
        return self._get(_stopped(release)) is not None

    def put_skipped(
        self, project: str, *, time: str, commit: str, reason: str, expires: int
    ) -> None:
        """Store a push that released nothing; ``time`` is ISO 8601, ``expires`` in epoch s."""
        self._table.put_item(
            Item={
                "pk": project_key(project),
                "sk": f"skipped#{time}#{commit}",
                "commit": commit,
                "reason": reason,
                "time": time,
                "expires": expires,
            }
        )

    # The branch's head

    def head(self, project: str) -> Head | None:
        item = self._get(_head(project))
        return None if item is None else Head.model_validate(item)

    def put_head(self, project: str, head: Head) -> None:
        self._table.put_item(Item={**_head(project), **head.model_dump()})

    def put_unseen(self, project: str, head: Head) -> None:
        """Store the unseen head, unless another one has been considered meanwhile."""
        written(
            self._table.put_item,
            Item={**_head(project), **head.model_dump()},
            ConditionExpression="attribute_not_exists(pk) OR #commit = :commit",
            ExpressionAttributeNames={"#commit": "commit"},
            ExpressionAttributeValues={":commit": head.commit},
        )


def _order(project: str) -> dict[str, str]:
    return {"pk": project_key(project), "sk": "order"}


def _stopped(release: str) -> dict[str, str]:
    return {"pk": release_key(release), "sk": "stopped"}


def _head(project: str) -> dict[str, str]:
    return {"pk": project_key(project), "sk": "head"}


def _decision(project: str, message: str) -> dict[str, str]:
    return {"pk": message_key(project, message), "sk": "decision"}
