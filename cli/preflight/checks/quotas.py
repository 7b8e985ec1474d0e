"""The account's quotas suffice for what the project's sections ask for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from cli.parameters import data_section, deployment_section, training_section
from cli.preflight.account import Account
from cli.preflight.check import Check
from contracts.preflight import Finding

CHECK = Check(
    "quotas",
    "a new account may have quotas of 1 or 0: the second build then waits, a job or endpoint fails "
    "with ResourceLimitExceeded after the steps before it were paid for",
)
_NOT_OFFERED = ("NotImplemented", "UnknownOperationException", "InvalidAction", "501", "404")
# CodeBuild's compute type → its words in a quota's name.
_SIZES = {"SMALL": "Small", "MEDIUM": "Medium", "LARGE": "Large", "XLARGE": "XLarge"}
IMAGES = 2  # built at once

Quota = Mapping[str, Any]


@dataclass(frozen=True)
class Need:
    """``least`` of the quota is needed for a release at all, ``well`` for one without waiting."""

    service: str
    quota: str
    least: int
    well: int
    what: str


def needs(account: Account) -> Iterator[Need]:
    """What one release of this project asks for at one moment."""
    for _, project in account.template.of_type("AWS::CodeBuild::Project"):
        size = str(project["Environment"]["ComputeType"]).removeprefix("BUILD_GENERAL1_")
        quota = f"Concurrently running builds for Linux/{_SIZES.get(size, size)} environment"
        yield Need("codebuild", quota, 1, IMAGES, "both images are built at once")
    training = training_section(account.services, account.project)
    count = training.instance_count
    quota = f"{training.instance_type} for training job usage"
    yield Need("sagemaker", quota, count, count, f"training on {count}")
    data = data_section(account.services, account.project)
    if data.prepare:
        quota = f"{data.instance_type} for processing job usage"
        yield Need("sagemaker", quota, 1, 1, "preparing data on 1")
    deployment = deployment_section(account.services, account.project)
    fleet = deployment.instance_count
    quota = f"{deployment.instance_type} for endpoint usage"
    what = f"serving on {fleet}, and on {2 * fleet} while a new model replaces the old"
    yield Need("sagemaker", quota, fleet, 2 * fleet, what)


def look(account: Account) -> list[Finding]:
    wanted = list(needs(account))
    client = account.client("service-quotas")
    try:
        return [_judged(need, _named(client, need)) for need in wanted]
    except ClientError as error:
        if account.on_laptop and error.response["Error"]["Code"] in _NOT_OFFERED:
            return [CHECK.skipped("the laptop's cloud has no Service Quotas")]
        raise


def _judged(need: Need, quota: Quota | None) -> Finding:
    if quota is None:
        return CHECK.unknown(
            f"{need.service} lists no quota named {need.quota!r} ({need.what})",
            command=f"aws service-quotas list-service-quotas --service-code {need.service} "
            "--query 'Quotas[].[QuotaName,Value]'",
        )
    value = int(quota["Value"])
    seen = f"{need.quota}: {value}; {need.what}"
    command = (
        f"aws service-quotas request-service-quota-increase --service-code {need.service} "
        f"--quota-code {quota['QuotaCode']} --desired-value {need.well}"
    )
    if value < need.least:
        return CHECK.failed(seen, command=command)
    if value < need.well:
        return CHECK.warned(seen, command=command)
    return CHECK.passed(seen)


def _named(client: Any, need: Need) -> Quota | None:
    """The account's own value, or AWS's default for who has none; no page more than it takes."""
    for operation in ("list_service_quotas", "list_aws_default_service_quotas"):
        for page in client.get_paginator(operation).paginate(ServiceCode=need.service):
            for quota in page["Quotas"]:
                if quota["QuotaName"] == need.quota:
                    found: Quota = quota
                    return found
    return None
