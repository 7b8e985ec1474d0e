"""``wharf invoke``: ask the live endpoint."""

from typing import IO, Any

import click
from botocore.exceptions import ClientError

from cli.errors import Trouble
from cli.options import json_option, project_option
from cli.output import print_json
from cli.services import Services
from cli.stack import Stack, find_stack
from contracts.model import Contract


class Answer(Contract):
    """What the endpoint answered."""

    status: int
    content_type: str
    variant: str
    body: str


@click.command()
@click.argument("body", metavar="[BODY]", required=False)
@click.option("--file", type=click.File("rb"), help="Send this file; - is standard input.")
@click.option(
    "--content-type", default="application/json", show_default=True, help="What the body is."
)
@click.option("--accept", default="application/json", show_default=True, help="What to answer.")
@project_option
@json_option
@click.pass_obj
def invoke(
    services: Services,
    body: str | None,
    file: IO[bytes] | None,
    content_type: str,
    accept: str,
    project: str,
    as_json: bool,
) -> None:
    """Ask the endpoint and print its answer.

    \b
    wharf invoke '{"product": "wti", "date": "2019-01-15"}'
    wharf invoke --file questions.csv --content-type text/csv

    With --json: status, content_type, variant, body (as text); of an answer that is an
    error: error, status, body.
    """
    if (body is None) == (file is None):
        raise click.UsageError("give a BODY or a --file, one of them")
    sent = file.read() if file else (body or "").encode()
    stack = find_stack(services, project)
    answer = ask(services, stack, sent, content_type=content_type, accept=accept)
    if as_json:
        print_json(answer)
    else:
        click.echo(answer.body.rstrip("\n"))


def ask(
    services: Services,
    stack: Stack,
    body: bytes,
    *,
    content_type: str = "application/json",
    accept: str = "application/json",
) -> Answer:
    """Return the endpoint's answer. Raises Trouble in the model's own words when it refuses."""
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
        return Trouble(f"the model answered {status}: {words}", status=status, body=words)
    if code == "ValidationError" and "not found" in str(error).lower():
        return Trouble(
            f"there is no endpoint {stack.endpoint} yet: the first release that succeeds makes "
            "it; see `wharf releases`"
        )
    return error
