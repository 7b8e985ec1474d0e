"""A training job that is stopped, or loses its spot instance, ends in time."""

import signal

from modelwharf.contracts.examination import Finding, ImageRole
from modelwharf.doctor.check import Check
from modelwharf.doctor.examinations.first_process import advice
from modelwharf.doctor.training_runs import StoppedRun, TrainingRuns

CHECK = Check(
    "train-sigterm",
    ImageRole.TRAINING,
    "StopTrainingJob and a spot interruption send SIGTERM and kill 120 s later (StopTrainingJob, "
    '"Managed Spot Training in Amazon SageMaker AI")',
)
BY_SIGNAL = 128 + signal.SIGTERM
AT_ONCE = 1.0  # seconds: what ends sooner obeyed the signal
OBEYED_SHARE = 0.6  # share of the remaining time: a program that ends sooner obeyed the signal


def examine(runs: TrainingRuns) -> Finding:
    deadlines = runs.settings.deadlines
    if runs.left_of(runs.sample.seconds) < deadlines.least_left:
        return _unknown(f"learning takes {runs.learning:.1f} s")
    stopped = runs.stopped(lambda run: _went_on(run, deadlines.stop_training))
    took = stopped.took
    if took is None:
        return _unknown(f"training took {runs.sample.seconds:.1f} s, and less the next time")
    if took > AT_ONCE and _perhaps_went_on(stopped, deadlines.stop_training):
        stopped = runs.compared(stopped)
    if took >= deadlines.stop_training:
        return _ignored(runs, stopped, f"it still ran {took:.0f} s after SIGTERM")
    if _went_on(stopped, deadlines.stop_training):
        return _ignored(
            runs, stopped, f"after SIGTERM it went on for {took:.1f} s, to its usual end"
        )
    if stopped.run.code == BY_SIGNAL and "user" in runs.unsupported:
        return CHECK.skipped(
            f"it ended {took:.1f} s after SIGTERM, perhaps by the signal itself, which "
            "process 1 of a container never gets: to tell needs Docker or podman"
        )
    return CHECK.passed(f"ended {took:.1f} s after SIGTERM")


def _went_on(stopped: StoppedRun, limit: float) -> bool:
    """Whether it worked on to its usual end, within ``limit`` seconds of SIGTERM."""
    took = stopped.took
    return (
        _perhaps_went_on(stopped, limit) and took is not None and took > OBEYED_SHARE * stopped.left
    )


def _perhaps_went_on(stopped: StoppedRun, limit: float) -> bool:
    """Whether all but its time says so.

    A non-zero exit code shows that it did not. A run that printed everything before the signal may
    have been over already.
    """
    if stopped.took is None or stopped.took >= limit or not stopped.run.succeeded:
        return False
    return stopped.spoke or not stopped.run.lines


def _unknown(why: str) -> Finding:
    return CHECK.skipped(
        f"{why}: too short to tell whether SIGTERM or its own end ended it",
        "--channel with more data, or --hyperparameters that make it work longer",
    )


def _ignored(runs: TrainingRuns, stopped: StoppedRun, seen: str) -> Finding:
    return CHECK.failed(seen, change=advice(runs.image.config), log=stopped.run.lines)
