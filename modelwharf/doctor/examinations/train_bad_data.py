"""Unusable data makes the job fail."""

from modelwharf.contracts.examination import Finding, ImageRole
from modelwharf.doctor.check import Check
from modelwharf.doctor.training_runs import TrainingRuns
from modelwharf.engines.exit_codes import in_words

CHECK = Check(
    "train-bad-data",
    ImageRole.TRAINING,
    "a job that exits with 0 is Completed, and its model goes on towards the endpoint (developer "
    'guide, "How Amazon SageMaker AI Signals Algorithm Success and Failure")',
)


def examine(runs: TrainingRuns) -> Finding:
    tried = {"an empty channel": runs.empty, "garbage in every file": runs.garbage}
    accepted = {what: run for what, run in tried.items() if run.succeeded}
    endless = {what: run for what, run in tried.items() if run.code is None}
    if accepted:
        return CHECK.failed(
            f"exit code 0 on {' and on '.join(accepted)}",
            change="check the data before learning, and end with another exit code than 0",
            log=next(iter(accepted.values())).lines,
        )
    if endless:
        return CHECK.failed(
            f"it had not ended on {' and on '.join(endless)}",
            change="check the data before learning, and end with another exit code than 0",
            log=next(iter(endless.values())).lines,
        )
    codes = ", ".join(f"{in_words(run.code)} on {what}" for what, run in tried.items())
    return CHECK.passed(codes)
