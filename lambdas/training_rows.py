"""The ledger's rows of trained models: the result of a training job for each set of ingredients."""

from lambdas.table_rows import TableRows
from modelwharf.contracts.ledger import training_key
from modelwharf.contracts.release import TrainingResult


class TrainingRows(TableRows):
    """The table's rows of trained models."""

    def put_trained(self, ingredients: str, result: TrainingResult, expires: int) -> None:
        """Store the result of the latest such job; ``expires`` in epoch seconds."""
        self._table.put_item(
            Item={
                **_result(ingredients),
                "result": result.model_dump_json(),
                "expires": expires,
            }
        )

    def trained(self, ingredients: str) -> TrainingResult | None:
        item = self._get(_result(ingredients))
        return None if item is None else TrainingResult.model_validate_json(item["result"])


def _result(ingredients: str) -> dict[str, str]:
    return {"pk": training_key(ingredients), "sk": "result"}
