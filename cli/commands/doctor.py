"""``wharf doctor``: images against SageMaker's contract, before anyone pays for it."""

import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli import doctor_options as read
from cli.assembly import project_root
from cli.errors import Trouble
from cli.examination import Telling, summary
from cli.options import engine_option, json_option
from cli.output import console, print_json
from contracts.examination import Examination, ImageRole, Verdict
from contracts.parameters import (
    TRAINING_CHANNEL,
    Hyperparameter,
    MetricDefinition,
    Source,
    Training,
)
from doctor import CannotExamine, EngineLost, Patience, Sample, Settings, Wanted, examine

if TYPE_CHECKING:
    from localcloud.engine import Engine
    from localcloud.processes import Processes

ROLES = {
    "train": (ImageRole.TRAINING,),
    "serve": (ImageRole.INFERENCE,),
    "both": (ImageRole.TRAINING, ImageRole.INFERENCE),
}
METRICS = '[{"name": "accuracy", "regex": "accuracy=([0-9.]+)"}]'
NO_CONTAINERS = (
    "No containers here: a program that names absolute paths of its image may fail here alone."
)


class NothingChecked(Trouble):
    """There was no image to check, or nothing to run it with."""

    exit_code = 3


@click.command()
@click.argument("image", metavar="[IMAGE | DOCKERFILE]", required=False)
@click.option(
    "--role",
    type=click.Choice(list(ROLES)),
    default="both",
    show_default=True,
    help="What IMAGE is for.",
)
@click.option("--training", metavar="IMAGE", help="The image or Dockerfile that trains.")
@click.option("--inference", metavar="IMAGE", help="The image or Dockerfile that serves.")
@click.option(
    "--context",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The context of a Dockerfile's build; without it, this folder.",
)
@click.option(
    "--build-arg",
    "arguments",
    metavar="NAME=VALUE",
    multiple=True,
    callback=read.pairs,
    help="Of a Dockerfile's build; BASE_IMAGE has the default of `source.base_image`.",
)
@click.option(
    "--channel",
    "channels",
    metavar="[NAME=]FOLDER",
    multiple=True,
    callback=read.channels,
    help=f"Data to train on, as the channel NAME; without NAME, {TRAINING_CHANNEL}.",
)
@click.option(
    "--hyperparameters",
    metavar="JSON",
    callback=read.json_of(dict[str, Hyperparameter], '{"epochs": 10}'),
    help="As `training.hyperparameters`; the program gets strings.",
)
@click.option(
    "--metrics",
    metavar="JSON",
    callback=read.json_of(tuple[MetricDefinition, ...], METRICS),
    help="As `training.metric_definitions`; without it, the default ones.",
)
@click.option("--checkpoints", is_flag=True, help="A training that is stopped must leave one.")
@click.option(
    "--model",
    metavar="PATH",
    type=click.Path(exists=True, path_type=Path),
    help="A model.tar.gz, or its folder, to serve; without it, what training made.",
)
@click.option(
    "--content-type",
    "samples",
    metavar="TYPE=BODY",
    multiple=True,
    callback=read.samples,
    help="A content type that the server declares, and a body to send; TYPE=@FILE reads it. "
    "Without it, the first request of the holdout that training wrote, if it did.",
)
@click.option(
    "--environment",
    metavar="NAME=VALUE",
    multiple=True,
    callback=read.pairs,
    help="A variable of the server, as in `deployment.environment`.",
)
@click.option(
    "--platform", default=Source().platform, show_default=True, help="What images must be for."
)
@engine_option
@click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    default=Patience().training,
    show_default=True,
    help="Seconds that one training run, or a server's start, may take.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 for what is only to consider, too.")
@json_option
def doctor(
    image: str | None,
    role: str,
    training: str | None,
    inference: str | None,
    context: Path | None,
    arguments: dict[str, str],
    channels: dict[str, Path],
    hyperparameters: dict[str, Hyperparameter] | None,
    metrics: tuple[MetricDefinition, ...] | None,
    checkpoints: bool,
    model: Path | None,
    samples: tuple[Sample, ...],
    environment: dict[str, str],
    platform: str,
    engine: str | None,
    timeout: float,
    strict: bool,
    as_json: bool,
) -> None:
    """Check images against SageMaker's contract; say what to change.

    \b
    wharf doctor                          this repository's images, on real prices
    wharf doctor containers/training/Dockerfile --channel sample-data
    wharf doctor --training my-train:1 --inference my-serve:1 \\
        --channel sample-data --content-type text/csv=5.1,3.5,1.4,0.2

    The images run for real, and reach nothing of AWS. Exit code 0 when nothing failed, 1 when
    something did, 3 when nothing could be checked. With --json: engine, images (role, name,
    digest, platform) and findings (id, image, verdict, seen, why, change, log, seconds).
    """
    images = _wanted(image, role, training, inference, context, arguments)
    with _folder() as folder:
        if not (image or training or inference):
            channels = channels or read.demo_channel(folder / "channel")
        settings = Settings(
            platform=platform,
            channels=channels,
            hyperparameters=hyperparameters or {},
            metric_definitions=Training().metric_definitions if metrics is None else metrics,
            definitions_given=metrics is not None,
            checkpoints=checkpoints,
            model=model,
            samples=samples,
            environment=environment,
            patience=Patience(training=timeout, startup=timeout),
        )
        with _engine(engine, folder) as chosen:
            found = _examine(chosen, images, settings, folder, quiet=as_json)
    if as_json:
        print_json(found)
    bad = {Verdict.FAIL, Verdict.WARN} if strict else {Verdict.FAIL}
    if any(finding.verdict in bad for finding in found.findings):
        raise click.exceptions.Exit(1)


def _wanted(
    image: str | None,
    role: str,
    training: str | None,
    inference: str | None,
    context: Path | None,
    arguments: Mapping[str, str],
) -> dict[ImageRole, Wanted]:
    pair = {ImageRole.TRAINING: training, ImageRole.INFERENCE: inference}
    words = {one: word for one, word in pair.items() if word}
    if image and words:
        raise click.UsageError("give an IMAGE, or --training and --inference, not both")
    if image:
        own = read.configured(Path(image), context or Path.cwd())
        words = dict.fromkeys([own[0]] if own and role == "both" else ROLES[role], image)
    if not words:
        context = context or project_root()
        words = {one: str(context / made.dockerfile) for one, made in read.sources().items()}
    return {one: read.wanted(word, context, arguments) for one, word in words.items()}


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="wharf-doctor-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _engine(wish: str | None, folder: Path) -> Iterator["Engine"]:
    """The engine, for as long as the block runs. Raises NothingChecked."""
    try:
        from localcloud.engines import NoSuchEngine, choose
        from localcloud.processes import Processes
    except ModuleNotFoundError as error:
        raise NothingChecked(
            f"there is no package {error.name}: pip install 'modelwharf[laptop]'"
        ) from None
    processes = Processes()
    try:
        engine = choose(wish, folder, processes)
    except NoSuchEngine as error:
        raise NothingChecked(str(error)) from None
    with swept(engine, processes):
        yield engine


@contextmanager
def swept(engine: "Engine", processes: "Processes") -> Iterator[None]:
    """Nothing of the doctor's runs on after the block. That an engine was lost is told there."""
    try:
        yield
    finally:
        processes.stop_all()
        with suppress(EngineLost, OSError):
            engine.sweep()


def _examine(
    engine: "Engine",
    images: Mapping[ImageRole, Wanted],
    settings: Settings,
    folder: Path,
    *,
    quiet: bool,
) -> Examination:
    begun = time.monotonic()
    screen = console()
    working = screen.status("running the images …") if screen.is_terminal else nullcontext()
    telling = Telling(screen, {role: one.name for role, one in images.items()})
    if not quiet:
        click.echo(f"engine: {engine.description}")
        if "platform" in engine.lacks:
            click.echo(NO_CONTAINERS)
    try:
        with nullcontext() if quiet else working:
            found = examine(
                engine, images, settings, folder, (lambda finding: None) if quiet else telling
            )
    except (CannotExamine, EngineLost) as error:
        raise NothingChecked(str(error)) from None
    except OSError as error:
        from localcloud import disk

        raise NothingChecked(disk.in_words(error, folder)) from None
    if not quiet:
        click.echo(f"\n{summary(found, time.monotonic() - begun)}")
    return found
