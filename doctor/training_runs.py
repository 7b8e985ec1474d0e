"""``train``, run in several ways, each at most once."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from contracts.model_archive import faults_in
from contracts.parameters import Hyperparameter
from doctor.conditions import EASY, Conditions, hardest
from doctor.images import ReadyImage
from doctor.settings import Settings
from doctor.start_faults import Place, look_into
from doctor.trees import empty_channels, garbage_channels, lay_out_training
from localcloud.engine import Engine, ImageMissing, Launch, LogSink, Program
from localcloud.exit_codes import in_words

JOB = "wharf-doctor"
MIDDLE = 0.4  # of a run's time: the next run may be quicker


@dataclass(frozen=True)
class TrainingRun:
    """One run of ``train``. ``code`` None: the engine could not start it, or it was too slow."""

    code: int | None
    lines: tuple[str, ...]
    tree: Path
    seconds: float
    started: bool = True
    killed_for: str | None = None
    left_out: tuple[str, ...] = ()
    """What it wrote to ``/opt/ml`` and could not be kept, in words."""

    @property
    def model_faults(self) -> tuple[str, ...]:
        """What is in the model's folder and SageMaker does not unpack."""
        return tuple(faults_in(self.tree / "model", self.left_out))

    @property
    def model_files(self) -> tuple[str, ...]:
        return files_in(self.tree / "model")

    @property
    def failure(self) -> str:
        path = self.tree / "output" / "failure"
        return path.read_text(errors="replace").strip() if path.is_file() else ""

    @property
    def succeeded(self) -> bool:
        return self.code == 0

    @property
    def ending(self) -> str:
        """In words, such as ``exit code 1 after 2.1 s``."""
        if not self.started:
            return "it did not start"
        if self.code is None:
            return f"it had not ended after {self.seconds:.0f} s"
        killed = f": {self.killed_for}" if self.killed_for else ""
        return f"{in_words(self.code)} after {self.seconds:.1f} s{killed}"


@dataclass(frozen=True)
class StoppedRun:
    """A run that got SIGTERM ``before`` seconds after its start and ended ``took`` later.

    ``took`` None: it had ended by itself before it got one. ``spoke``: it printed more after it.
    """

    before: float
    took: float | None
    spoke: bool
    run: TrainingRun


class TrainingRuns:
    """Every run that the checks of one training image need."""

    def __init__(self, engine: Engine, image: ReadyImage, settings: Settings, folder: Path) -> None:
        self.image = image
        self.settings = settings
        self.lacks = engine.lacks
        self._engine = engine
        self._folder = folder
        self._count = 0
        self._under: dict[Conditions, TrainingRun] = {}

    @cached_property
    def sample(self) -> TrainingRun:
        """On the sample data, as SageMaker would."""
        return self.under(EASY)

    @cached_property
    def typed(self) -> TrainingRun:
        """On the sample data, with numbers as numbers: what SageMaker never does."""
        return self._run(self.settings.channels, self.settings.hyperparameters)

    @cached_property
    def empty(self) -> TrainingRun:
        channels = empty_channels(self._folder / "empty", self.settings.channels)
        return self._run(channels, self._strings)

    @cached_property
    def garbage(self) -> TrainingRun:
        channels = garbage_channels(self._folder / "garbage", self.settings.channels)
        return self._run(channels, self._strings)

    @property
    def first(self) -> TrainingRun:
        """Any run that shows whether the program starts."""
        return self.sample if self.settings.channels else self.empty

    def under(self, conditions: Conditions) -> TrainingRun:
        """On the sample data, under harder conditions."""
        if conditions not in self._under:
            self._under[conditions] = self._run(self.settings.channels, self._strings, conditions)
        return self._under[conditions]

    @property
    def under_all(self) -> TrainingRun:
        return self.under(hardest(self.lacks))

    @cached_property
    def stopped(self) -> StoppedRun:
        """SIGTERM in the middle of the training itself."""
        return self._stop(self.sample.seconds - self.learning * (1 - MIDDLE))

    @property
    def learning(self) -> float:
        """Seconds of a run on the sample that neither the engine nor the program's start took."""
        idle = min(self.empty.seconds, self.garbage.seconds)
        return max(0.0, self.sample.seconds - idle)

    def look(self, program: str) -> Place | None:
        """Where a program lies in the image."""
        return look_into(self._engine, self.image, program, self._folder / "look")

    @property
    def _strings(self) -> dict[str, Hyperparameter]:
        return {name: as_string(value) for name, value in self.settings.hyperparameters.items()}

    def _run(
        self,
        channels: Mapping[str, Path],
        hyperparameters: Mapping[str, Hyperparameter],
        conditions: Conditions = EASY,
    ) -> TrainingRun:
        started = self._start(channels, hyperparameters, conditions)
        if isinstance(started, TrainingRun):
            return started
        code = started.program.wait(self.settings.patience.training)
        run = started.ended(code)
        if code is None:
            started.program.stop(grace=1)
        return run

    def _stop(self, after: float) -> StoppedRun:
        started = self._start(self.settings.channels, self._strings, EASY)
        if isinstance(started, TrainingRun):
            return StoppedRun(0, None, False, started)
        code = started.program.wait(after)
        asked, said = time.monotonic(), len(started.lines)
        if code is not None:
            return StoppedRun(after, None, False, started.ended(code))
        code = started.program.stop(self.settings.patience.stop_training)
        took, spoke = time.monotonic() - asked, len(started.lines) > said
        return StoppedRun(asked - started.begun, took, spoke, started.ended(code))

    def _start(
        self,
        channels: Mapping[str, Path],
        hyperparameters: Mapping[str, Hyperparameter],
        conditions: Conditions,
    ) -> "_Started | TrainingRun":
        self._count += 1
        tree = self._folder / f"run-{self._count}" / "ml"
        lay_out_training(
            tree,
            channels,
            hyperparameters,
            self._engine.host,
            checkpoints=self.settings.checkpoints,
        )
        lines: list[str] = []
        launch = Launch(
            digest=self.image.digest,
            arguments=("train",),
            environment={"TRAINING_JOB_NAME": JOB},
            tree=tree,
            name=f"{JOB}/train-{self._count}",
            isolated=conditions.isolated,
            read_only=conditions.read_only,
            user=conditions.user,
        )
        try:
            program = self._engine.run(launch, without_root(tree, lines.append))
        except (OSError, ImageMissing) as error:
            return TrainingRun(None, (str(error),), tree, 0.0, started=False)
        return _Started(program, time.monotonic(), lines, tree)


@dataclass(frozen=True)
class _Started:
    program: Program
    begun: float
    lines: list[str]
    tree: Path

    def ended(self, code: int | None) -> TrainingRun:
        seconds = time.monotonic() - self.begun
        return TrainingRun(
            code,
            tuple(self.lines),
            self.tree,
            seconds,
            killed_for=None if code is None else self.program.killed_for,
            left_out=() if code is None else self.program.left_out,
        )


def without_root(tree: Path, log: LogSink) -> LogSink:
    """A log with the image's own paths: without containers its files lie beside the tree."""
    root = str(tree.parent / "root")
    return lambda line: log(line.replace(root, ""))


def as_string(value: Hyperparameter) -> str:
    """As a release hands it to CreateTrainingJob, which takes strings alone."""
    return value if isinstance(value, str) else json.dumps(value)


def files_in(folder: Path) -> tuple[str, ...]:
    """The files below a folder, as relative paths."""
    return tuple(
        sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    )
