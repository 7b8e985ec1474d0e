"""Training on the sample data succeeds."""

import re

from modelwharf.contracts.examination import Finding, ImageRole
from modelwharf.doctor.check import Check
from modelwharf.doctor.examinations import image_user
from modelwharf.doctor.training_runs import TrainingRuns

DENIED = re.compile(r"permission denied.*/opt/ml|/opt/ml.*permission denied", re.IGNORECASE)
CHECK = Check(
    "train-succeeds",
    ImageRole.TRAINING,
    'exit code 0 is success and any other is AlgorithmError (developer guide, "How Amazon '
    'SageMaker AI Signals Algorithm Success and Failure")',
)


def examine(runs: TrainingRuns) -> Finding:
    if not runs.settings.channels:
        return CHECK.skipped("no data to train on", "--channel FOLDER, or NAME=FOLDER")
    run = runs.sample
    if run.succeeded:
        return CHECK.passed(run.ending)
    said = f"; /opt/ml/output/failure says: {run.failure[:300]}" if run.failure else ""
    return CHECK.failed(f"{run.ending}{said}", change=_change(runs), log=run.lines)


def _change(runs: TrainingRuns) -> str:
    run, user = runs.sample, image_user.other_than_root(runs.image)
    if run.code is None:
        return "try less data by --channel, or more time by --timeout"
    if user and any(DENIED.search(line) for line in run.lines):
        return f"user {user} may not write there, for /opt/ml is root's: {image_user.CHANGE}"
    return (
        "is the sample what the program expects (--channel, --hyperparameters)? If it is, the last "
        "lines say what to mend"
    )
