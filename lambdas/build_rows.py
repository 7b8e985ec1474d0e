"""The ledger's rows of builds: who starts the one build of an image."""

from typing import Any

from contracts.ledger import build_key
from contracts.model import Contract
from lambdas.errors import ServiceFault
from lambdas.table_rows import TableRows, written


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


class BuildRows(TableRows):
    """Of the table, what is about builds."""

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
        if not written(
            self._table.put_item,
            Item={**_start(repository, tag), **start.model_dump()},
            **condition,
        ):
            raise ServiceFault(
                f"another release starts the build of {repository}:{tag} at this very moment"
            )

    def put_build_start(self, repository: str, tag: str, start: BuildStart) -> None:
        """Remember the build's id, unless another release has taken over in the meantime."""
        written(
            self._table.put_item,
            Item={**_start(repository, tag), **start.model_dump()},
            ConditionExpression="#owner = :owner",
            ExpressionAttributeNames={"#owner": "owner"},
            ExpressionAttributeValues={":owner": start.owner},
        )


def _start(repository: str, tag: str) -> dict[str, str]:
    return {"pk": build_key(repository, tag), "sk": "start"}
