"""``wharf invoke``: ask the live endpoint."""

from typing import IO

import click

from modelwharf.cli.invocation import ask
from modelwharf.cli.options import json_option, project_option
from modelwharf.cli.output import print_json
from modelwharf.cli.services import Services
from modelwharf.cli.stack import find_stack


def _typed(text: str) -> bytes:
    """An argument as UTF-8; bytes that were none are sent as they were typed."""
    return text.encode(errors="surrogateescape")


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
    sent = file.read() if file else _typed(body or "")
    stack = find_stack(services, project)
    answer = ask(services, stack, sent, content_type=content_type, accept=accept)
    if as_json:
        print_json(answer)
    else:
        click.echo(answer.body.rstrip("\n"))
