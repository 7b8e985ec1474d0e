"""All runs of ``train`` that the checks need, each at most once."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from modelwharf.contracts.parameters import Hyperparameter
from modelwharf.doctor.conditions import EASY, Conditions, hardest
from modelwharf.doctor.host_runs import HostRuns, train_on_hosts
from modelwharf.doctor.images import ReadyImage
from modelwharf.doctor.settings import Settings
from modelwharf.doctor.start_faults import Place, find_in_image
from modelwharf.doctor.training_run import JOB, TrainingRun, without_root
from modelwharf.doctor.trees import empty_channels, garbage_channels, lay_out_training
from modelwharf.engines.engine import Engine, ImageMissing, Launch, Program

MIDDLE = 0.4  # share of a run's time: the next run may be quicker


@dataclass(frozen=True)
class StoppedRun:
    """A run that got SIGTERM ``before`` seconds after its start and ended ``took`` later.

    ``took`` None: it had ended by itself before. ``spoke``: it printed more after the signal.
    ``left``: how many seconds it still had to go, by the time of an earlier run.
    """

    before: float
    took: float | None
    spoke: bool
    run: TrainingRun
    left: float = 0.0


class TrainingRuns:
    """All runs that the checks of one training image need."""

    def __init__(self, engine: Engine, image: ReadyImage, settings: Settings, folder: Path) -> None:
        self.image = image
        self.settings = settings
        self.unsupported = engine.unsupported
        self._engine = engine
        self._folder = folder
        self._count = 0
        self._under: dict[Conditions, TrainingRun] = {}

    @cached_property
    def sample(self) -> TrainingRun:
        """A run on the sample data, as on SageMaker."""
        return self.under(EASY)

    @cached_property
    def typed(self) -> TrainingRun:
        """A run on the sample data with numbers as numbers, which SageMaker never does."""
        return self._run(self.settings.channels, self.settings.hyperparameters)

    @cached_property
    def empty(self) -> TrainingRun:
        channels = empty_channels(self._folder / "empty", self.settings.channels)
        return self._run(channels, self._strings)

    @cached_property
    def garbage(self) -> TrainingRun:
        channels = garbage_channels(self._folder / "garbage", self.settings.channels)
        return self._run(channels, self._strings)

    @cached_property
    def on_hosts(self) -> HostRuns:
        """A run on the sample data, on as many hosts at once as the settings say."""
        place = self._folder / "hosts"
        return train_on_hosts(self._engine, self.image, self.settings, self._strings, place)

    @cached_property
    def again(self) -> TrainingRun:
        """A second run on the sample data: the first also reads the image's files from the disk."""
        return self._run(self.settings.channels, self._strings)

    @property
    def first(self) -> TrainingRun:
        """Any run that shows whether the program starts."""
        return self.sample if self.settings.channels else self.empty

    def under(self, conditions: Conditions) -> TrainingRun:
        """Run on the sample data, under harder conditions."""
        if conditions not in self._under:
            self._under[conditions] = self._run(self.settings.channels, self._strings, conditions)
        return self._under[conditions]

    @property
    def under_all(self) -> TrainingRun:
        return self.under(hardest(self.unsupported))

    def stopped(self, doubtful: Callable[[StoppedRun], bool]) -> StoppedRun:
        """Send SIGTERM in the middle of the training itself; repeat if the first run is doubtful.

        On a busy machine SIGTERM may come before the program has begun, and then has no effect. The
        second signal comes later, by the time that the first run took.
        """
        found = self._stopped
        return self._stopped_later if found.took is not None and doubtful(found) else found

    def compared(self, stopped: StoppedRun) -> StoppedRun:
        """Return the stopped run with the time that a second full run would have had left."""
        return replace(stopped, left=self.again.seconds - stopped.before)

    @cached_property
    def _stopped(self) -> StoppedRun:
        return self._stop_amid(self.sample.seconds)

    @cached_property
    def _stopped_later(self) -> StoppedRun:
        first = self._stopped
        return self._stop_amid(max(self.sample.seconds, first.before + (first.took or 0.0)))

    def _stop_amid(self, seconds: float) -> StoppedRun:
        """Stop a run in its middle. ``seconds``: how long a run on the sample takes.

        The first run on the sample reads the image's files from the disk, so the next run may end
        before that middle. Then its own time tells where the middle is.
        """
        left = self.left_of(seconds)
        found = replace(self._stop(seconds - left), left=left)
        left = self.left_of(found.run.seconds)
        if found.took is None and left >= self.settings.deadlines.least_left:
            return replace(self._stop(found.run.seconds - left), left=left)
        return found

    @property
    def learning(self) -> float:
        """Seconds of a run on the sample, without the engine's and the program's start."""
        return self._learning_of(self.sample.seconds)

    def left_of(self, seconds: float) -> float:
        """Return the seconds that a run still has to go in the middle of its training."""
        return self._learning_of(seconds) * (1 - MIDDLE)

    def _learning_of(self, seconds: float) -> float:
        idle = min(self.empty.seconds, self.garbage.seconds)
        return max(0.0, seconds - idle)

    def find_program(self, program: str) -> Place | None:
        """Find a program in the image."""
        return find_in_image(self._engine, self.image, program, self._folder / "look")

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
        code = started.wait(self.settings.deadlines.training)
        run = started.ended(code)
        if code is None:
            started.program.stop(grace=1)
        return run

    def _stop(self, after: float) -> StoppedRun:
        started = self._start(self.settings.channels, self._strings, EASY)
        if isinstance(started, TrainingRun):
            return StoppedRun(0, None, False, started)
        code = started.wait(after)
        before, said = self.settings.now() - started.begun, len(started.lines)
        if code is not None:
            return StoppedRun(after, None, False, started.ended(code))
        code = started.program.stop(self.settings.deadlines.stop_training)
        run, spoke = started.ended(code), len(started.lines) > said
        # It may have ended meanwhile: an engine reports that with a delay.
        took = run.seconds - before if run.seconds >= before else None
        return StoppedRun(before, took, spoke, run)

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
        log = without_root(tree, lines.append)
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
            program = self._engine.run(launch, log)
        except (OSError, ImageMissing) as error:
            log(str(error))
            return TrainingRun(None, tuple(lines), tree, 0.0, started=False)
        return _Started(program, self.settings.now, self.settings.now(), lines, tree)


@dataclass(frozen=True)
class _Started:
    program: Program
    now: Callable[[], float]
    begun: float
    lines: list[str]
    tree: Path

    def wait(self, seconds: float) -> int | None:
        """Return the exit code; None if it still runs after ``seconds``.

        After the end it waits for the copy of the output, however long that takes.
        """
        code = self.program.wait(seconds)
        return self.program.wait() if code is None and self.program.ran is not None else code

    def ended(self, code: int | None) -> TrainingRun:
        """Return the run's result. ``code`` None: it still runs."""
        elapsed = self.now() - self.begun
        seconds = elapsed if self.program.ran is None else self.program.ran
        return TrainingRun(
            code,
            tuple(self.lines),
            self.tree,
            seconds,
            killed_for=None if code is None else self.program.killed_for,
            left_out=() if code is None else self.program.left_out,
        )


def as_string(value: Hyperparameter) -> str:
    """Format a value for CreateTrainingJob, which takes only strings, as a release does."""
    return value if isinstance(value, str) else json.dumps(value)
