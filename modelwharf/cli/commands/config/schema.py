"""``wharf config schema``: what an editor completes ``modelwharf.toml`` from."""

import click

from modelwharf.cli.options import json_option
from modelwharf.contracts.project_file import SCHEMA


@click.command()
@json_option
def schema(as_json: bool) -> None:
    """Print the JSON Schema of modelwharf.toml (with --json too: it is JSON).

    An editor that knows TOML (taplo, Even Better TOML) completes and checks the file from it, once
    the file's first line names it: #:schema .wharf/modelwharf.schema.json
    """
    click.echo(SCHEMA.read_text("utf-8"), nl=False)
