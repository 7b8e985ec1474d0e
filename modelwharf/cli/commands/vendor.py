"""``wharf vendor``: the installed package's part for images, in the project again."""

import tempfile
from pathlib import Path

import click

from modelwharf.cli.errors import CommandError
from modelwharf.cli.options import json_option
from modelwharf.cli.output import print_json
from modelwharf.cli.runtime_wheel import WHEELS, write_runtime_wheel

VENDOR = "vendor"


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path), default=Path())
@json_option
def vendor(directory: Path, as_json: bool) -> None:
    """Renew the wheel in vendor/ after an upgrade of this package.

    DIRECTORY is the project's. The wheel's version is a digest of its content: where what images
    install has not changed, nothing changes, and no image is built again. With --json: wheel,
    changed.
    """
    folder = directory / VENDOR
    before = sorted(folder.glob(WHEELS))
    if not before:
        raise CommandError(
            f"there is no {folder}/{WHEELS}: the images of this project install nothing of this "
            "package, or the directory is another; name the project's"
        )
    with tempfile.TemporaryDirectory() as place:
        made = write_runtime_wheel(Path(place))
        wheel = folder / made.name
        changed = before != [wheel] or wheel.read_bytes() != made.read_bytes()
        if changed:
            for old in before:
                old.unlink()
            wheel.write_bytes(made.read_bytes())
    if as_json:
        print_json({"wheel": str(wheel), "changed": changed})
    elif changed:
        click.echo(f"{wheel}, in the place of {', '.join(one.name for one in before)}")
        click.echo(f"Next: git add {folder} && git commit, then wharf push")
    else:
        click.echo(f"{wheel}: as it was; no image changes")
