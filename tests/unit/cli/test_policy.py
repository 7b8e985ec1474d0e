"""`wharf policy`: what people need to be allowed, and no more."""

import json
import re
from typing import Any

import click
import pytest

from modelwharf.cli.main import wharf
from modelwharf.cli.policies.needs import ADMINISTRATORS, LOCAL, NEEDS
from modelwharf.cli.policies.people import PEOPLE, policy
from modelwharf.cli.policies.place import Place
from modelwharf.cli.reference import contexts
from tests.unit.cli.conftest import Terminal

MANAGED = 6_144  # characters without blanks (IAM user guide, "IAM and AWS STS quotas")
LONGEST = Place(
    "aws-us-gov",
    "us-gov-west-1",
    "123456789012",
    "p" * 30,
    data_bucket="modelwharf-" + "d" * 52,
    artifact_bucket="modelwharf-" + "a" * 52,
    ledger="arn:aws-us-gov:dynamodb:us-gov-west-1:123456789012:table/" + "t" * 90,
    key="arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/" + "k" * 36,
)
READS = re.compile(r"(BatchGet|Describe|Filter|Get|List|Query|Read)")
NO_RESOURCES = {
    "logs:DescribeLogGroups",
    *("codecommit:ListRepositories", "ecr-public:GetAuthorizationToken"),
    *("sagemaker:ListEndpointConfigs", "sagemaker:ListModelPackages", "sagemaker:ListModels"),
    *("sagemaker:ListProcessingJobs", "sagemaker:ListTrainingJobs"),
    *("servicequotas:ListAWSDefaultServiceQuotas", "servicequotas:ListServiceQuotas"),
    *("sns:GetSubscriptionAttributes", "sts:GetServiceBearerToken"),
}


def grants(document: dict[str, Any]) -> set[tuple[str, str]]:
    return {
        (action, resource)
        for statement in document["Statement"]
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_every_command_is_in_the_table_or_asks_for_no_rights() -> None:
    commands = {
        context.command_path.removeprefix("wharf ")
        for context in contexts(wharf)
        if not isinstance(context.command, click.Group)
    }

    assert commands == {*NEEDS, *LOCAL, *ADMINISTRATORS}
    given = {command for kind in PEOPLE.values() for command in kind.commands}
    assert given == NEEDS.keys()


@pytest.mark.parametrize("kind", PEOPLE)
def test_a_policy_fits_into_a_managed_one_and_names_every_action(kind: str) -> None:
    document = policy(PEOPLE[kind], LONGEST)

    assert len(json.dumps(document, separators=(",", ":"))) <= MANAGED
    found = grants(document)
    assert [action for action, _ in found if "*" in action] == []
    assert {action for action, resource in found if resource == "*"} <= NO_RESOURCES


def test_each_grant_stands_in_a_policy_once() -> None:
    for kind in PEOPLE.values():
        statements = policy(kind, LONGEST)["Statement"]
        written = [
            (action, resource, json.dumps(one.get("Condition")))
            for one in statements
            for action in as_list(one["Action"])
            for resource in as_list(one["Resource"])
        ]
        assert len(written) == len(set(written))


def test_a_viewer_only_reads_and_an_operator_may_do_all_that_a_viewer_may() -> None:
    viewer = grants(policy(PEOPLE["viewer"], LONGEST))

    assert [action for action, _ in viewer if not READS.match(action.partition(":")[2])] == []
    assert viewer <= grants(policy(PEOPLE["operator"], LONGEST))


def test_to_approve_and_to_reject_are_one_right() -> None:
    assert NEEDS["approve"] is NEEDS["reject"]


def test_the_command_prints_the_document_with_the_stack_s_own_names(terminal: Terminal) -> None:
    document = json.loads(terminal.wharf("policy", "operator").stdout)

    here = "eu-west-1:123456789012"
    assert {
        ("s3:PutObject", "arn:aws:s3:::data-bucket/*"),
        ("kms:GenerateDataKey", f"arn:aws:kms:{here}:key/key-id"),
        ("dynamodb:Query", f"arn:aws:dynamodb:{here}:table/ledger"),
        (
            "states:DescribeExecution",
            f"arn:aws:states:{here}:execution:modelwharf-oil-price-release:*",
        ),
    } <= grants(document)


def test_before_there_is_a_stack_only_a_deployer_can_be_described(terminal: Terminal) -> None:
    refused = terminal.wharf("policy", "viewer", "--project", "tea")

    assert refused.exit_code == 1
    assert "there is no stack modelwharf-tea" in refused.output
