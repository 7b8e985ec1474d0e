"""The region has every service that a release calls."""

import functools
from collections.abc import Mapping

import boto3

from modelwharf.cli.preflight.account import Account
from modelwharf.cli.preflight.check import Check
from modelwharf.cli.services import NO_REGION
from modelwharf.contracts.preflight import Finding

CHECK = Check(
    "region",
    "a service that is not in the region ends the deploy, or the first release, after the rest was "
    "made and paid for",
)
# botocore's names of the services that the template creates resources in or the functions call.
SERVICES = (
    "cloudformation",
    "codebuild",
    "codecommit",
    "dynamodb",
    "ecr",
    "events",
    "kms",
    "lambda",
    "logs",
    "s3",
    "sagemaker",
    "sagemaker-runtime",
    "sns",
    "ssm",
    "stepfunctions",
)


@functools.cache
def _places() -> Mapping[str, Mapping[str, frozenset[str]]]:
    """Return partition → service → its regions, from this version of botocore."""
    session = boto3.Session()
    return {
        partition: {
            name: frozenset(session.get_available_regions(name, partition)) for name in SERVICES
        }
        for partition in session.get_available_partitions()
    }


def examine(account: Account) -> list[Finding]:
    region = account.services.configured_region
    if region is None:
        return [CHECK.failed(NO_REGION, command="export AWS_REGION=eu-west-1")]
    for places in _places().values():
        if region in places["sagemaker"] | places["lambda"]:
            return [_judged(region, places)]
    return [
        CHECK.failed(
            f"botocore {boto3.__version__} knows no region {region!r} with Lambda or SageMaker",
            command="export AWS_REGION=eu-west-1",
        )
    ]


def _judged(region: str, places: Mapping[str, frozenset[str]]) -> Finding:
    missing = [name for name, regions in places.items() if region not in regions]
    if not missing:
        return CHECK.passed(f"{region} has all {len(SERVICES)} services")
    every = sorted(frozenset.intersection(*places.values()))
    return CHECK.failed(
        f"{region} has no {', '.join(missing)}, as botocore {boto3.__version__} knows; "
        f"all are in {', '.join(every)}",
        command=f"export AWS_REGION={every[0]}",
    )
