"""Read rows of the ledger's table, and write them under a condition."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lambdas.errors import code_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

KEEP = 90 * 24 * 60 * 60  # seconds; as long as Step Functions keeps an execution's history


class TableRows:
    """One table's rows. ``table`` is a boto3 DynamoDB Table.

    Keys and indexes: ``modelwharf.contracts.ledger``.
    """

    def __init__(self, table: "Table") -> None:
        self._table = table

    def _get(self, key: dict[str, str]) -> dict[str, Any] | None:
        item = self._table.get_item(Key=key, ConsistentRead=True).get("Item")
        return None if item is None else without_keys(item)

    def _delete_if(self, key: dict[str, str], attribute: str, value: str) -> None:
        written(
            self._table.delete_item,
            Key=key,
            ConditionExpression="#attribute = :value",
            ExpressionAttributeNames={"#attribute": attribute},
            ExpressionAttributeValues={":value": value},
        )


def written(write: Callable[..., Any], **request: Any) -> bool:
    """Make the write; False when its condition did not hold, so that nothing changed."""
    try:
        write(**request)
    except ClientError as error:
        if code_of(error) != "ConditionalCheckFailedException":
            raise
        return False
    return True


def without_keys(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in ("pk", "sk")}
