"""``wharf config``: what the project configures, in its file and in Parameter Store."""

import click

from modelwharf.cli.commands.config.apply import apply
from modelwharf.cli.commands.config.check import check
from modelwharf.cli.commands.config.diff import diff
from modelwharf.cli.commands.config.pull import pull
from modelwharf.cli.commands.config.put import put
from modelwharf.cli.commands.config.schema import schema
from modelwharf.cli.commands.config.show import show


@click.group()
def config() -> None:
    """Check modelwharf.toml and keep it in Parameter Store.

    docs/parameters.md tells of every section and key.
    """


for command in (check, show, diff, apply, pull, put, schema):
    config.add_command(command)
