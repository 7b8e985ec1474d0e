"""``wharf down``: stop the laptop's cloud."""

from pathlib import Path

import click

from modelwharf.cli.laptop import cloud_process, running_cloud, stop_cloud
from modelwharf.cli.options import directory_option, json_option
from modelwharf.cli.output import print_json


@click.command()
@directory_option
@json_option
def down(directory: Path, as_json: bool) -> None:
    """Stop the laptop's cloud and all that it started.

    Nothing running is fine. With --json: stopped (a pid, or null).
    """
    cloud = running_cloud(directory)
    pid = cloud_process(directory)
    if pid:
        stop_cloud(pid, directory)
    if as_json:
        print_json({"stopped": pid})
    elif cloud:
        click.echo(f"stopped the cloud at {cloud.url} (pid {pid}) with its endpoints and jobs")
    elif pid:
        click.echo(f"stopped the cloud that was starting (pid {pid})")
    else:
        click.echo(f"no cloud runs in {directory.resolve()}")
