"""A request to the live endpoint, and its response."""

from typing import Any

from botocore.exceptions import ClientError

from modelwharf.artifact.contract import Contract
from modelwharf.cli.errors import CommandError
from modelwharf.cli.services import Services
from modelwharf.cli.stack import Stack


class Answer(Contract):
    """The endpoint's response."""

    status: int
    content_type: str
    variant: str
    body: str


def ask(
    services: Services,
    stack: Stack,
    body: bytes,
    *,
    content_type: str = "application/json",
    accept: str = "application/json",
) -> Answer:
    """Return the endpoint's response. Raises CommandError with the model's own message when it
    refuses.
    """
    try:
        answer = services.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=stack.endpoint, Body=body, ContentType=content_type, Accept=accept
        )
    except ClientError as error:
        raise _refusal(error, stack) from None
    return Answer(
        status=answer["ResponseMetadata"]["HTTPStatusCode"],
        content_type=answer["ContentType"],
        variant=answer.get("InvokedProductionVariant", ""),
        body=answer["Body"].read().decode(errors="replace"),
    )


def _refusal(error: ClientError, stack: Stack) -> Exception:
    code = error.response["Error"]["Code"]
    if code == "ModelError":
        answer: dict[str, Any] = dict(error.response)
        status = answer.get("OriginalStatusCode", "an error")
        words = answer.get("OriginalMessage") or error.response["Error"]["Message"]
        return CommandError(f"the model answered {status}: {words}", status=status, body=words)
    if code == "ValidationError" and "not found" in str(error).lower():
        return CommandError(
            f"there is no endpoint {stack.endpoint} yet: the first release that succeeds makes "
            "it; see `wharf releases`"
        )
    return error
