"""``wharf up``: start the laptop's cloud."""

import os
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import click
from click.core import ParameterSource
from rich.console import Console

from modelwharf.cli.assembly import assembly_cache, current_assembly, project_root
from modelwharf.cli.commands.env import variables_of
from modelwharf.cli.errors import INTERRUPTED, CommandError
from modelwharf.cli.laptop import (
    LOG_FILE,
    REGION,
    cloud_command,
    command_for,
    require_free,
    require_possible,
    running_cloud,
    start_cloud,
    starting,
)
from modelwharf.cli.options import (
    directory_option,
    engine_option,
    json_option,
    project_option,
)
from modelwharf.cli.other_clouds import in_words as other_in_words
from modelwharf.cli.other_clouds import other_clouds, remember
from modelwharf.cli.output import print_json
from modelwharf.cli.progress import progress
from modelwharf.cli.project_file import Reading, read_project_file, require_content
from modelwharf.contracts.configured_project import find_project_file
from modelwharf.contracts.laptop import LaptopCloud
from modelwharf.contracts.names import DEFAULT_PROJECT


def _quotas(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...]:
    """Check that each is NAME=VALUE before anything starts; the cloud checks the names."""
    for text in values:
        if not re.fullmatch(r"\s*\S.*=\d+(\.\d+)?", text):
            raise click.BadParameter(
                f"{text!r}: a quota is set by NAME=VALUE, such as "
                "'ml.m5.large for endpoint usage=0'; the value is 0 or more"
            )
    return values


@click.command()
@directory_option
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port to serve; 0: any that is free."
)
@click.option(
    "--assembly",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A synthesised cloud assembly (cdk.out); without it, one is made.",
)
@click.option(
    "--quota",
    "quotas",
    multiple=True,
    callback=_quotas,
    metavar="NAME=VALUE",
    help="A quota of the account, as 'ml.m5.large for endpoint usage=0'; may be repeated.",
)
@engine_option
@project_option
@json_option
@click.pass_context
def up(
    context: click.Context,
    directory: Path,
    port: int,
    assembly: Path | None,
    quotas: tuple[str, ...],
    engine: str | None,
    project: str,
    as_json: bool,
) -> None:
    """Start the laptop's cloud and deploy the template into it.

    It goes on in the background until `wharf down`; each directory may have one. A new cloud gets
    the sections of modelwharf.toml, and each input whose key is a file beside that. With --json:
    pid, url, region, account, engine, project, repository, engine_description, differences.
    """
    cloud = running_cloud(directory)
    already = cloud is not None
    put: list[str] = []
    if cloud is None:
        file = _project_file(project)
        cloud = _started(directory, port, assembly, engine, project, quotas)
        if file:
            put = _put(cloud, directory, file)
    else:
        _require_the_same(context, cloud, directory)
    if as_json:
        print_json(cloud)
        return
    down, again = command_for("down", directory), command_for("up", directory)
    changed = f"already running; to deploy a changed template: {down}, then {again}"
    click.echo(changed if already else f"ready; its log: {directory / LOG_FILE}")
    for line in put:
        click.echo(line)
    click.echo(in_words(cloud, directory))
    for place, other in other_clouds(directory):
        click.echo(other_in_words(place, other))


def _project_file(project: str) -> Reading | None:
    """Return modelwharf.toml, where it is this project's. Raises CommandError with its faults."""
    path = find_project_file(Path.cwd())
    found = read_project_file(path) if path else None
    return found if found and require_content(found).project == project else None


def _put(cloud: LaptopCloud, directory: Path, file: Reading) -> list[str]:
    """Put what the new cloud lacks, and return a line for each."""
    # boto3 takes longer than `wharf up --help`.
    from modelwharf.cli.new_cloud import put_missing
    from modelwharf.cli.services import services_of

    services = services_of(variables_of(cloud, directory, os.environ))
    return list(put_missing(services, require_content(file), file.path.parent))


def _started(
    directory: Path,
    port: int,
    assembly: Path | None,
    engine: str | None,
    project: str,
    quotas: Sequence[str],
) -> LaptopCloud:
    try:
        return start(
            directory,
            port=port,
            assembly=assembly,
            engine=engine,
            project=project,
            quotas=quotas,
        )
    except KeyboardInterrupt:
        click.echo("\ninterrupted; nothing was left running", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None


def _require_the_same(context: click.Context, cloud: LaptopCloud, directory: Path) -> None:
    """Raises CommandError when the running cloud is not the one asked for.

    What was not asked for, as the default project, may be any.
    """
    runs = {"project": cloud.project, "port": urlsplit(cloud.url).port, "engine": cloud.engine}
    asked = {
        name: context.params[name]
        for name in runs
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    }
    if asked.get("port") == 0:
        del asked["port"]
    if context.params["quotas"]:
        raise CommandError(
            f"the cloud that runs in {directory} has its quotas already: stop it with "
            f"`{command_for('down', directory)}` and start it anew, or ask it for more with "
            "aws service-quotas request-service-quota-increase"
        )
    different = [name for name, value in asked.items() if value != runs[name]]
    if different:
        second = directory / "second"
        again = " ".join(f"--{name} {value}" for name, value in asked.items())
        raise CommandError(
            f"the cloud that runs in {directory} has "
            f"{', '.join(f'{name} {runs[name]}' for name in different)}, but you asked for "
            f"{', '.join(f'{name} {asked[name]}' for name in different)}: stop it with "
            f"`{command_for('down', directory)}`, or start another beside it with "
            f"`wharf up {again} --directory {second}"
            f' && eval "$({command_for("env", second)})"`'
        )


def start(
    directory: Path,
    *,
    port: int,
    assembly: Path | None,
    engine: str | None,
    project: str,
    quotas: Sequence[str] = (),
) -> LaptopCloud:
    """Synthesise unless there is an assembly, start the cloud, and say on stderr how it goes."""
    require_free(port)
    root = project_root()
    with starting(directory), progress(Console(stderr=True, highlight=False)) as shown:
        if assembly is None:
            assembly = directory / "cdk.out"
            whose = "app.py of this folder" if root == Path.cwd() else "the package's app"
            shown.step(f"template: synthesised by {whose}, unless nothing changed")
            possible = partial(require_possible, root, engine, quotas)
            if current_assembly(root, assembly, project, assembly_cache(), possible):
                shown.note("template: nothing changed, so the last one is used")
        command = cloud_command(
            directory=directory,
            assembly=assembly,
            project=project,
            port=port,
            region=REGION,
            engine=engine,
            quotas=quotas,
        )
        shown.step("cloud: starts and deploys the template")
        cloud = start_cloud(
            command,
            directory=directory,
            root=root,
            waiting=lambda waited: shown.waiting(f"cloud: deploys the template, {waited:.0f} s"),
        )
    remember(directory)
    return cloud


def in_words(cloud: LaptopCloud, directory: Path) -> str:
    """Return where the cloud is, how it differs from AWS, and what to type next."""
    rows = [
        ("url", cloud.url),
        ("project", f"{cloud.project}, region {cloud.region}, account {cloud.account}"),
        ("engine", cloud.engine_description or cloud.engine),
        *(("not as in AWS", difference) for difference in cloud.differences),
        ("git remote", cloud.repository),
    ]
    lines = [f"{label + ':':15}{text}" for label, text in rows]
    return "\n".join(
        [
            *lines,
            "",
            "Next:",
            f'  eval "$({command_for("env", directory)})"',
            *(f"  {line}" for line in _data(cloud.project)),
            f"  wharf {'start' if has_commits(Path(cloud.repository)) else 'push'} --wait",
            "",
            f"When you are done: {command_for('down', directory)}",
        ]
    )


def _data(project: str) -> tuple[str, ...]:
    """The exemplar's input is there by default; another project names its own."""
    if find_project_file(Path.cwd()):
        return ()
    if project == DEFAULT_PROJECT:
        return ("wharf data sample wti > wti.csv && wharf data put wti wti.csv",)
    return (
        "wharf config put data FILE.json     # your inputs, and so on: docs/parameters.md",
        "wharf data put INPUT FILE",
    )


def has_commits(repository: Path) -> bool:
    """Whether an earlier cloud's pushes are there still: to push them again would do nothing."""
    packed = repository / "packed-refs"
    loose = repository / "refs" / "heads"
    return packed.exists() or any(path.is_file() for path in loose.rglob("*"))
