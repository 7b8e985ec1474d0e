"""Run ``train`` on several hosts at once, as in a job with more than one instance."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event

from modelwharf.contracts.parameters import Hyperparameter
from modelwharf.doctor.images import ReadyImage
from modelwharf.doctor.settings import Settings
from modelwharf.doctor.training_run import JOB, TrainingRun, files_in, without_root
from modelwharf.doctor.trees import lay_out_training
from modelwharf.engines.engine import (
    Cluster,
    Engine,
    Host,
    ImageMissing,
    Launch,
    Program,
    host_label,
)
from modelwharf.engines.host_folders import merge
from modelwharf.engines.together import Ending, Exit, run_together

GRACE = 1.0  # seconds between SIGTERM and SIGKILL, once the result is known


@dataclass(frozen=True)
class HostRuns:
    """How the hosts of one job ended, in their order; empty if they could not be started.

    ``failed`` is the number, from 0, of the host that failed first.
    """

    runs: tuple[TrainingRun, ...]
    failed: int | None = None
    refused: str = ""
    """Why they could not be started."""
    clashes: tuple[str, ...] = ()
    """Names in ``/opt/ml/model`` that two hosts wrote with different content."""
    model_files: tuple[str, ...] = ()
    """The model files of all hosts."""


def train_on_hosts(
    engine: Engine,
    image: ReadyImage,
    settings: Settings,
    hyperparameters: Mapping[str, Hyperparameter],
    folder: Path,
) -> HostRuns:
    """Train on the sample data with ``settings.instances`` hosts. Raises EngineLost."""
    try:
        cluster = engine.cluster(JOB, settings.instances, isolated=False)
    except OSError as error:
        return HostRuns((), refused=str(error))
    with closing(cluster):
        places = [
            _Place.laid_out(folder, number, cluster.hosts, settings, hyperparameters)
            for number in range(settings.instances)
        ]
        begun = settings.now()
        try:
            found = run_together(
                [partial(place.start, cluster, image) for place in places],
                stopping=Event(),
                seconds=settings.deadlines.training,
                grace=GRACE,
            )
        except (OSError, ImageMissing) as error:
            return HostRuns((), refused=str(error))
        seconds = settings.now() - begun
    late = found.ending is Ending.OUT_OF_TIME
    runs = tuple(
        place.ended(end, seconds, late) for place, end in zip(places, found.exits, strict=True)
    )
    written = {host_label(n): run.tree / "model" for n, run in enumerate(runs)}
    clashes = merge(written, folder / "model")
    return HostRuns(runs, found.failed, "", clashes, files_in(folder / "model"))


@dataclass(frozen=True)
class _Place:
    """One host's tree, and the lines of its log."""

    number: int
    tree: Path
    lines: list[str]

    @classmethod
    def laid_out(
        cls,
        folder: Path,
        number: int,
        hosts: tuple[Host, ...],
        settings: Settings,
        hyperparameters: Mapping[str, Hyperparameter],
    ) -> "_Place":
        tree = folder / host_label(number) / "ml"
        lay_out_training(
            tree,
            settings.channels,
            hyperparameters,
            hosts[number],
            hosts=hosts,
            checkpoints=settings.checkpoints,
        )
        return cls(number, tree, [])

    def start(self, cluster: Cluster, image: ReadyImage) -> Program:
        launch = Launch(
            digest=image.digest,
            arguments=("train",),
            environment={"TRAINING_JOB_NAME": JOB},
            tree=self.tree,
            name=f"{JOB}/train-{host_label(self.number)}",
        )
        log: Callable[[str], None] = without_root(self.tree, self.lines.append)
        return cluster.run(self.number, launch, log)

    def ended(self, end: Exit, seconds: float, late: bool) -> TrainingRun:
        return TrainingRun(
            None if late else end.code,
            tuple(self.lines),
            self.tree,
            seconds,
            killed_for=end.killed_for,
            left_out=end.left_out,
        )
