"""A plain `git push` to the laptop tells which release it started, or why none."""

# ruff: noqa: N803 - AWS spells its arguments this way

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from modelwharf.contracts.laptop import LaptopCloud
from modelwharf.laptop.codecommit import push_answer

CLOUD = LaptopCloud(
    pid=1,
    url="http://127.0.0.1:1",
    region="eu-west-1",
    account="123456789012",
    engine="process",
    project="oil-price",
    repository="/git/oil-price.git",
)
STARTED = {"release": {"release_id": "r-0123456789abcdef"}, "skip": None}
SKIPPED = {"release": None, "skip": {"commit": "c", "reason": "commit c changes only README.md"}}


@dataclass
class Services:
    """CloudFormation with the stack, and DynamoDB with what was decided."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    deployed: bool = True
    told: list[str] = field(default_factory=list)
    later: Callable[[], None] = lambda: None

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        if not self.deployed:
            raise ClientError({"Error": {"Code": "ValidationError"}}, "DescribeStacks")
        outputs = {"LedgerTable": "ledger", "RepositoryName": "oil-price"}
        listed = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
        assert StackName == "modelwharf-oil-price"
        return {"Stacks": [{"Outputs": listed}]}

    def get_item(self, TableName: str, Key: Any, ConsistentRead: bool) -> dict[str, Any]:
        assert TableName == "ledger" and Key["sk"] == {"S": "decision"}
        row = self.rows.get(Key["pk"]["S"])
        return {"Item": row} if row else {}

    def decide(self, message: str, decision: dict[str, Any], *, done: bool = True) -> None:
        row: dict[str, Any] = {"decision": {"S": json.dumps(decision)}}
        self.rows[f"message#oil-price#{message}"] = row | ({"done": {"BOOL": True}} if done else {})

    def tell(self, *messages: str, repository: str = "oil-price") -> str:
        push_answer.tell(
            CLOUD,
            lambda name: self,
            repository,
            messages,
            self.told.append,
            lambda seconds: self.later(),
        )
        return "\n".join(self.told)


def test_a_push_tells_the_release_that_it_started() -> None:
    services = Services()
    services.decide("1", STARTED)
    assert services.tell("1") == (
        "started release r-0123456789abcdef\nWatch it: wharf show r-0123456789abcdef --follow"
    )


def test_a_push_that_releases_nothing_tells_why() -> None:
    services = Services()
    services.decide("1", SKIPPED)
    assert services.tell("1") == "no release: commit c changes only README.md"


def test_a_decision_is_waited_for_until_it_was_carried_out() -> None:
    services = Services()
    services.decide("1", STARTED, done=False)
    services.later = lambda: services.decide("1", STARTED)
    assert services.tell("1").startswith("started release")


def test_a_decision_that_does_not_come_is_not_waited_for_without_end() -> None:
    assert Services().tell("1") == push_answer.LATER


def test_a_repository_that_starts_no_release_is_not_spoken_of() -> None:
    services = Services()
    services.decide("1", STARTED)
    assert services.tell("1", repository="other") == services.tell() == ""
    services.deployed = False
    assert services.tell("1") == ""
