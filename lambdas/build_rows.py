"""The ledger's rows of builds: which release starts the one build of an image."""

from typing import Any

from lambdas.errors import ServiceFault
from lambdas.table_rows import TableRows, written
from modelwharf.artifact.contract import Contract
from modelwharf.contracts.ledger import build_key


class BuildStart(Contract):
    """The release that started, or is about to start, an image's build.

    No other release may start it before ``until``. ``build`` is the build's id, "" until CodeBuild
    gave one. ``cache`` is the cache parameter of the start: CodeBuild recognises a repeated start
    only by identical parameters.
    """

    owner: str
    until: int
    cache: str = ""
    build: str = ""
    expires: int


class BuildRows(TableRows):
    """The table's rows of builds."""

    def build_start(self, repository: str, tag: str) -> BuildStart | None:
        item = self._get(_start(repository, tag))
        return None if item is None else BuildStart.model_validate(item)

    def take_build_start(
        self, repository: str, tag: str, start: BuildStart, *, over: BuildStart | None
    ) -> None:
        """Make ``start.owner`` the release that starts the build, in place of ``over``.

        Raises ServiceFault, which is retried, when another release was quicker.
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
        """Store the build's id, unless another release has taken over in the meantime."""
        written(
            self._table.put_item,
            Item={**_start(repository, tag), **start.model_dump()},
            ConditionExpression="#owner = :owner",
            ExpressionAttributeNames={"#owner": "owner"},
            ExpressionAttributeValues={":owner": start.owner},
        )


def _start(repository: str, tag: str) -> dict[str, str]:
    return {"pk": build_key(repository, tag), "sk": "start"}
