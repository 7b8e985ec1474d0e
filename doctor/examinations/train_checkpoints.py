"""What a stopped job has learnt is kept, when checkpoints are configured."""

from contracts.examination import Finding, ImageRole
from doctor.check import Check
from doctor.training_runs import TrainingRuns, files_in

CHECK = Check(
    "train-checkpoints",
    ImageRole.TRAINING,
    "/opt/ml/checkpoints is copied to S3 while the job runs, and is there again when a spot job "
    'goes on (developer guide, "Checkpoints in Amazon SageMaker AI")',
)


def look(runs: TrainingRuns) -> Finding:
    if not runs.settings.checkpoints:
        return CHECK.skipped("no checkpoints configured", "--checkpoints")
    if runs.stopped.took is None:
        return CHECK.skipped(
            "training ended before it could be stopped", "--channel with more data"
        )
    found = files_in(runs.stopped.run.tree / "checkpoints")
    if found:
        return CHECK.passed(f"{found[0]} after SIGTERM")
    return CHECK.failed(
        f"/opt/ml/checkpoints was empty after SIGTERM in the middle of training "
        f"({runs.stopped.before:.1f} s after the start)",
        change="write a checkpoint to /opt/ml/checkpoints on SIGTERM, or after every epoch, and "
        "begin with the newest one that is there",
        log=runs.stopped.run.lines,
    )
