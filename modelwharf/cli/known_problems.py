"""Turns libraries' errors into one or two lines that end with the next command to type."""

import json
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
)
from pydantic import ValidationError

from modelwharf.cli.errors import CommandError

NO_CLOUD = (
    "no AWS_ENDPOINT_URL and no AWS credentials: start the laptop's cloud with `wharf up`, "
    'then `eval "$(wharf env)"`, or configure AWS credentials'
)
KNOWN_PROBLEMS = (BotoCoreError, ClientError, ValidationError)


def command_error(error: Exception, endpoint_url: str | None) -> CommandError:
    """Return the problem in plain words; ``endpoint_url`` None means AWS itself."""
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return CommandError(
            NO_CLOUD if endpoint_url is None else _laptop_without_keys(endpoint_url)
        )
    if isinstance(error, ProfileNotFound):
        return CommandError(f"{error}; unset AWS_PROFILE or add the profile with `aws configure`")
    if isinstance(error, EndpointConnectionError | ConnectionClosedError | ReadTimeoutError):
        return CommandError(_unreachable(error, endpoint_url))
    if isinstance(error, ClientError):
        return CommandError(_refused(error))
    if isinstance(error, ValidationError):
        return CommandError(_unreadable(error))
    return CommandError(str(error))


def _laptop_without_keys(endpoint_url: str) -> str:
    return (
        f"AWS_ENDPOINT_URL is {endpoint_url}, but there are no credentials for it: "
        'type `eval "$(wharf env)"`'
    )


def _unreachable(error: Exception, endpoint_url: str | None) -> str:
    if endpoint_url is None:
        return f"{error}; check the network and AWS_REGION"
    if isinstance(error, ReadTimeoutError):
        return f"the cloud at {endpoint_url} did not answer in time; try again"
    return (
        f"nothing answers at AWS_ENDPOINT_URL={endpoint_url}: start the laptop's cloud with "
        '`wharf up`, then `eval "$(wharf env)"`; to use AWS, `eval "$(wharf env --unset)"`'
    )


def _refused(error: ClientError) -> str:
    answer: dict[str, Any] = dict(error.response.get("Error", {}))
    code, message = answer.get("Code", "Unknown"), answer.get("Message", "")
    text = f"{error.operation_name} was refused: {code}: {message}".rstrip(": ")
    if code in {"ExpiredToken", "ExpiredTokenException"}:
        return f"{text}\nSign in again, for example with `aws sso login`."
    if code in {"InvalidClientTokenId", "UnrecognizedClientException"}:
        return f"{text}\nCheck who you are with `aws sts get-caller-identity`."
    if "AccessDenied" in code:
        return f"{text}\nAsk for that action on that resource, or use another AWS_PROFILE."
    return text


def _unreadable(error: ValidationError) -> str:
    finding = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in finding["loc"]) or "the document"
    value = json.dumps(finding["input"], default=str)[:100]
    return (
        f"{error.title}: {place} is {value}: {finding['msg']}\n"
        "This `wharf` and the deployed stack differ: run `cdk deploy`, or `wharf down && wharf up`."
    )
