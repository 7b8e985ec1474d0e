"""``wharf doctor``: images against SageMaker's contract, before anyone pays for it."""

from collections.abc import Mapping
from pathlib import Path

import click

from modelwharf.cli import doctor_options as read
from modelwharf.cli.assembly import project_root
from modelwharf.cli.doctor_project import project_of
from modelwharf.cli.doctor_run import chosen_engine, run, temporary_folder
from modelwharf.cli.options import engine_option, json_option
from modelwharf.cli.output import print_json
from modelwharf.contracts.examination import ImageRole, Verdict
from modelwharf.contracts.parameters import (
    TRAINING_CHANNEL,
    Hyperparameter,
    MetricDefinition,
    Source,
    Training,
)
from modelwharf.doctor import Deadlines, Sample, Settings, Wanted

ROLES = {
    "train": (ImageRole.TRAINING,),
    "serve": (ImageRole.INFERENCE,),
    "both": (ImageRole.TRAINING, ImageRole.INFERENCE),
}
METRICS = '[{"name": "accuracy", "regex": "accuracy=([-+0-9.eE]+)"}]'
MOST_INSTANCES = 20  # of one training job, unless the account has another quota


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
@click.option(
    "--instances",
    type=click.IntRange(1, MOST_INSTANCES),
    default=1,
    show_default=True,
    help="As `training.instance_count`: with more than one, train on so many hosts, too.",
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
    default=Deadlines().training,
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
    instances: int,
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
    wharf doctor                          this project's images, as modelwharf.toml has them
    wharf doctor containers/training/Dockerfile --channel sample-data
    wharf doctor --training my-train:1 --inference my-serve:1 \\
        --channel sample-data --content-type text/csv=5.1,3.5,1.4,0.2

    The images run for real, and reach nothing of AWS. Exit code 0 when nothing failed, 1 when
    something did, 3 when nothing could be checked. With --json: engine, images (role, name,
    digest, platform) and findings (id, image, verdict, seen, why, change, log, seconds).
    """
    images = _wanted(image, role, training, inference, context, arguments)
    project = None if image or training or inference else project_of(context or Path.cwd())
    if project:
        said = project.content
        hyperparameters = hyperparameters or said.training.hyperparameters
        metrics = said.training.metric_definitions if metrics is None else metrics
        environment = {**said.deployment.environment, **environment}
    with temporary_folder() as folder:
        if project:
            channels = channels or project.channels(folder / "channels")
        elif not (image or training or inference):
            channels = channels or read.demo_channel(folder / "channel")
        settings = Settings(
            platform=platform,
            channels=channels,
            hyperparameters=hyperparameters or {},
            metric_definitions=Training().metric_definitions if metrics is None else metrics,
            definitions_given=metrics is not None,
            checkpoints=checkpoints,
            instances=instances,
            model=model,
            samples=samples,
            environment=environment,
            deadlines=Deadlines(training=timeout, startup=timeout),
        )
        with chosen_engine(engine, folder) as chosen:
            found = run(chosen, images, settings, folder, quiet=as_json)
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
        context = context or _root()
        words = {one: str(context / made.dockerfile) for one, made in read.sources(context).items()}
    return {one: read.wanted(word, context, arguments) for one, word in words.items()}


def _root() -> Path:
    """The project's folder, or else the checkout. Raises UsageError where there is neither."""
    project = project_of(Path.cwd())
    if project:
        return project.root
    root = project_root()
    if not (root / Source().training_image.dockerfile).is_file():
        raise click.UsageError(
            "no image is named, and there is no modelwharf.toml in this folder or above it: name "
            "an image or a Dockerfile, or change into a project (wharf init makes one)"
        )
    return root
