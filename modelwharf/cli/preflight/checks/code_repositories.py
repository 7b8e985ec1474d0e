"""CodeCommit is available in this account and region."""

from botocore.exceptions import ClientError

from modelwharf.cli.preflight.account import Account
from modelwharf.cli.preflight.check import Check
from modelwharf.contracts.preflight import Finding

CHECK = Check(
    "codecommit",
    "the stack makes a repository that releases start from; from July 2024 to November 2025 AWS "
    "let only accounts that had one make another, and an organisation's policy may refuse it still",
)


def examine(account: Account) -> list[Finding]:
    try:
        found = account.client("codecommit").list_repositories()["repositories"]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in ("OperationNotAllowedException", "OptInRequired"):
            raise
        return [
            CHECK.failed(
                f"CodeCommit refuses this account: {error}",
                command="aws support create-case --service-code aws-codecommit "
                '--subject "Enable CodeCommit" --communication-body "…"',
            )
        ]
    return [CHECK.passed(f"it answers; {len(found)} repositories in {account.region}")]
