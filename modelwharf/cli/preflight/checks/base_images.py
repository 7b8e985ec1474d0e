"""The public registry issues a token, so that builds may log in to it."""

from botocore.exceptions import ClientError

from modelwharf.cli.preflight.account import Account
from modelwharf.cli.preflight.check import Check
from modelwharf.contracts.preflight import Finding

CHECK = Check(
    "base-images",
    "builds pull their base image from public.ecr.aws: one pull a second without a login, ten with "
    'one (ECR Public guide, "Service quotas"), and both images are built at once',
)
_NOT_THERE = ("UnknownOperationException", "NotImplemented", "404", "501", "InvalidAction")


def examine(account: Account) -> list[Finding]:
    try:
        account.client("ecr-public").get_authorization_token()
    except ClientError as error:
        if account.on_laptop and error.response["Error"]["Code"] in _NOT_THERE:
            return [CHECK.skipped("the laptop's cloud has no ECR Public: engines pull themselves")]
        raise
    return [CHECK.passed("ECR Public gives a token (sts:GetServiceBearerToken)")]
