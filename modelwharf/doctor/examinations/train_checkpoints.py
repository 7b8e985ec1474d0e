"""A stopped job keeps its progress, when checkpoints are configured."""

from modelwharf.contracts.examination import Finding, ImageRole
from modelwharf.contracts.model_archive import printable
from modelwharf.doctor.check import Check
from modelwharf.doctor.training_run import files_in
from modelwharf.doctor.training_runs import StoppedRun, TrainingRuns

CHECK = Check(
    "train-checkpoints",
    ImageRole.TRAINING,
    "/opt/ml/checkpoints is copied to S3 while the job runs, and is there again when a spot job "
    'goes on (developer guide, "Checkpoints in Amazon SageMaker AI")',
)


def examine(runs: TrainingRuns) -> Finding:
    if not runs.settings.checkpoints:
        return CHECK.skipped("no checkpoints configured", "--checkpoints")
    stopped = runs.stopped(lambda run: not _checkpoints(run))
    if stopped.took is None:
        return CHECK.skipped(
            "training ended before it could be stopped", "--channel with more data"
        )
    found = _checkpoints(stopped)
    if found:
        return CHECK.passed(f"{printable(found[0])} after SIGTERM")
    return CHECK.failed(
        f"/opt/ml/checkpoints was empty after SIGTERM in the middle of training "
        f"({stopped.before:.1f} s after the start)",
        change="write a checkpoint to /opt/ml/checkpoints on SIGTERM, or after every epoch, and "
        "begin with the newest one that is there",
        log=stopped.run.lines,
    )


def _checkpoints(stopped: StoppedRun) -> tuple[str, ...]:
    return files_in(stopped.run.tree / "checkpoints")
