"""Training on the sample data succeeds."""

from contracts.examination import Finding, ImageRole
from doctor.check import Check
from doctor.training_runs import TrainingRuns

CHECK = Check(
    "train-succeeds",
    ImageRole.TRAINING,
    'exit code 0 is success and any other is AlgorithmError (developer guide, "How Amazon '
    'SageMaker AI Signals Algorithm Success and Failure")',
)


def look(runs: TrainingRuns) -> Finding:
    if not runs.settings.channels:
        return CHECK.skipped("no data to train on", "--channel FOLDER, or NAME=FOLDER")
    run = runs.sample
    if run.succeeded:
        return CHECK.passed(run.ending)
    said = f"; /opt/ml/output/failure says: {run.failure[:300]}" if run.failure else ""
    change = (
        "try less data by --channel, or more time by --timeout"
        if run.code is None
        else "is the sample what the program expects (--channel, --hyperparameters)? If it is, "
        "the last lines say what to mend"
    )
    return CHECK.failed(f"{run.ending}{said}", change=change, log=run.lines)
