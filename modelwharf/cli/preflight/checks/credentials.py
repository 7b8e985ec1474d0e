"""Credentials exist, are valid, and are not the root user's."""

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

from modelwharf.cli.errors import CommandError
from modelwharf.cli.known_problems import command_error
from modelwharf.cli.preflight.account import Account
from modelwharf.cli.preflight.check import Check
from modelwharf.contracts.preflight import Finding

CHECK = Check(
    "credentials",
    "every command and `cdk deploy` call AWS as this identity; root's keys cannot be limited (IAM "
    'guide, "Root user best practices")',
)
_EXPIRED = (SSOTokenLoadError, TokenRetrievalError, UnauthorizedSSOTokenError)


def examine(account: Account) -> list[Finding]:
    try:
        identity = account.identity
    except (NoCredentialsError, PartialCredentialsError, ProfileNotFound) as error:
        return [CHECK.failed(str(error), command=_sign_in(account))]
    except CommandError as error:  # a laptop's key for AWS, or AWS's for the laptop
        return [CHECK.failed(error.message, command='eval "$(wharf env --unset)"')]
    except _EXPIRED as error:
        return [CHECK.failed(str(error), command="aws sso login")]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        command = "aws sso login" if code.startswith("Expired") else _sign_in(account)
        return [CHECK.failed(f"STS refused them: {error}", command=command)]
    except BotoCoreError as error:  # no service answers: no other check can say anything
        known = command_error(error, account.services.endpoint_url)
        command = "wharf up" if account.on_laptop else "aws sts get-caller-identity"
        return [CHECK.failed(known.message, command=command)]
    who = f"{identity['Arn']} of account {identity['Account']}"
    if identity["Arn"].endswith(":root") and not account.on_laptop:
        return [CHECK.warned(f"{who}: the root user", command="aws configure sso")]
    return [CHECK.passed(who)]


def _sign_in(account: Account) -> str:
    return 'eval "$(wharf env)"' if account.on_laptop else "aws configure sso"
